import type { Leaderboard } from '@cairn/explore'
import { number } from '@cairn/embedded'
import { paint } from './terminal/style.ts'
import { table } from './terminal/table.ts'

/** Variants with their parameters and metrics, the best first. */
export function leaderboardText({ by, variants }: Leaderboard): string {
  const namesOf = (of: (variant: Leaderboard['variants'][number]) => object) => [
    ...new Set(variants.flatMap((variant) => Object.keys(of(variant)))),
  ]
  const settings = namesOf((variant) => variant.settings)
  const metrics = namesOf((variant) => variant.metrics).sort((a, b) => Number(b === by) - Number(a === by))
  const rows = variants.map(({ error, run, computed, reused, ...variant }, at) => [
    error === undefined ? String(at + 1) : paint('red', '✘'),
    ...settings.map((path) => JSON.stringify(variant.settings[path])),
    ...metrics.map((name) => (name in variant.metrics ? number(variant.metrics[name]!) : '')),
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
