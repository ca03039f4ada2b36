import type { Leaderboard } from '@cairn/explore'
import { numbers } from '@cairn/workspace'
import { paint } from './terminal/style.ts'
import { table } from './terminal/table.ts'

/** Variants with their parameters and metrics, best first. */
export function leaderboardText({ by, variants }: Leaderboard): string {
  const namesOf = (of: (variant: Leaderboard['variants'][number]) => object) => [
    ...new Set(variants.flatMap((variant) => Object.keys(of(variant)))),
  ]
  const settings = namesOf((variant) => variant.settings)
  const metrics = namesOf((variant) => variant.metrics).sort((a, b) => Number(b === by) - Number(a === by))
  const texts = new Map(metrics.map((name) => [name, columnOf(variants, name)]))
  const rows = variants.map(({ error, run, computed, reused, ...variant }, at) => [
    error === undefined ? String(at + 1) : paint('red', '✘'),
    ...settings.map((path) => JSON.stringify(variant.settings[path])),
    ...metrics.map((name) => texts.get(name)![at]!),
    error ?? `${computed} computed, ${reused} reused`,
    paint('dim', run),
  ])
  const isNumber = (at: number) => at > 0 && at <= settings.length + metrics.length
  return table(
    ['', ...settings, ...metrics, '', 'run'].map((title, at) => ({ title, align: isNumber(at) ? 'right' : 'left' })),
    rows,
    (title) => paint(title === by ? 'bold' : 'dim', title),
  )
}

/** A metric of each variant. Different values never look the same. */
function columnOf(variants: Leaderboard['variants'], name: string): string[] {
  const texts = numbers(variants.map(({ metrics }) => metrics[name] ?? NaN))
  return variants.map(({ metrics }, at) => (name in metrics ? texts[at]! : ''))
}
