import { duration, reasonTexts, type PlanLine } from '@cairn/workspace'
import { timeZone } from './open.ts'
import { paint, paintState, type State } from './terminal/style.ts'
import { table } from './terminal/table.ts'

const DECISIONS: Readonly<Record<PlanLine['decision'], State>> = {
  reuse: 'reused',
  run: 'running',
  'may run': 'running',
  skip: 'skipped',
  given: 'given',
  fails: 'failed',
}

/** The decision with the number of items that are computed or, if none is, reused. */
function itemsText(decision: PlanLine['decision'], { reuse, run }: PlanLine['items'] = { reuse: 0, run: 0 }): string {
  if (reuse + run === 0) return ''
  return `${decision === 'reuse' ? reuse : run} of ${reuse + run} items`
}

/** @param zone the time zone of the times in it */
export function planTable(lines: readonly PlanLine[], zone = timeZone()): string {
  const rows = lines.map(({ node, decision, reasons, expected, items }) => [
    node,
    paintState(DECISIONS[decision], decision),
    itemsText(decision, items),
    expected ? `~${duration(expected.ms)} ${paint('dim', `(median of ${expected.runs})`)}` : '',
    reasonTexts(reasons, zone).join('; '),
  ])
  const used = (at: number) => rows.some((row) => row[at] !== '')
  const titles = ['step', 'plan', 'items', 'time', 'why'].map((title) => ({ title }))
  const shown = titles.map((_, at) => at < 2 || used(at))
  const keep = <Item>(items: readonly Item[]) => items.filter((_, at) => shown[at])
  return table(keep(titles), rows.map(keep), (title) => paint('dim', title))
}

export function totals(lines: readonly PlanLine[]): string {
  const count = (decision: PlanLine['decision']) => lines.filter((line) => line.decision === decision).length
  const known = lines.flatMap(({ expected }) => (expected ? [expected.ms] : []))
  const parts = (['reuse', 'given', 'run', 'may run', 'skip', 'fails'] as const)
    .filter(count)
    .map((decision) => `${count(decision)} ${decision}`)
  const time = known.length > 0 ? `, about ${duration(known.reduce((sum, ms) => sum + ms, 0))} of computing` : ''
  return parts.join(', ') + time
}
