import { bytes } from '@cairn/workspace'
import type { GcReport } from '@cairn/records'
import { paint } from './terminal/style.ts'
import { table } from './terminal/table.ts'

/** The report of a local collection, or of one by control. */
type Collected = Omit<GcReport, 'runs' | 'damaged'> & {
  readonly runs: readonly string[]
  readonly damaged: readonly string[]
}

/** What collections removed, one line per pipeline. */
export function reportsText(reports: Readonly<Record<string, Collected>>): string {
  const rows = Object.entries(reports).map(([pipeline, report]) => [
    pipeline,
    ...[report.runs.length, report.checkpoints, report.code, report.trashed, report.restored, report.deleted].map(
      String,
    ),
    bytes(report.freed),
  ])
  const titles = ['pipeline', 'runs', 'checkpoints', 'code', 'trashed', 'restored', 'deleted', 'freed']
  const collected = table(
    titles.map((title, at) => ({ title, align: at === 0 ? 'left' : 'right' })),
    rows,
    (title) => paint('dim', title),
  )
  const damaged = Object.values(reports).flatMap(({ damaged }) => damaged)
  const sign = paint('red', '✘')
  return [
    collected,
    ...damaged.map((path) => `${sign} ${path} is damaged, so data that it may refer to is kept: cairn doctor --repair`),
  ].join('\n')
}
