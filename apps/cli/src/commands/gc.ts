import { rmSync } from 'node:fs'
import { CairnError, collect, milliseconds, type Duration, type GcReport } from '@cairn/kernel/runtime'
import { isGone } from '@cairn/drivers/process-id'
import { leftovers } from '@cairn/drivers/store/folder-leftovers'
import { pinnedRuns } from '@cairn/explore'
import { openProduction, openWorkspace, type GlobalOptions } from '../open.ts'
import { bytes, runNames } from '@cairn/embedded'
import { paint } from '../terminal/style.ts'
import { table } from '../terminal/table.ts'
import { printData, printLines } from '../terminal/print.ts'

interface Options {
  readonly keepRuns: number
  readonly keep: string
  readonly grace: string
  readonly dryRun?: boolean
}

/** `cairn gc`: removes old runs and what nothing refers to any more. What a live record refers to always stays. */
export default async function gc(
  { keepRuns, keep, grace, dryRun = false }: Options,
  command: { optsWithGlobals(): GlobalOptions },
) {
  const { json, ...globals } = command.optsWithGlobals()
  if (globals.on !== undefined)
    throw new CairnError(
      'BAD_PARAMETER',
      `the store of the services of ${globals.on} is not collected: it only grows`,
      {
        next: 'leave --on out: cairn gc collects the store of this machine',
      },
    )
  const workspace = await openWorkspace(globals)
  const policy = {
    keepRuns,
    keepMs: milliseconds(keep as Duration),
    graceMs: milliseconds(grace as Duration),
    isGone,
    dryRun,
  }
  const { store: below } = await openProduction(globals)
  const reports: Record<string, GcReport> = {}
  for (const pipeline of await workspace.store.children(`${workspace.project.env}/`)) {
    const at = workspace.at(pipeline)
    // Production's runs are only read in a playground.
    const production = workspace.playground === undefined ? [] : await runNames(below, at)
    const pinned = [...pinnedRuns(workspace.project, pipeline, workspace.clock.now()), ...production]
    reports[pipeline] = await collect(workspace.store, workspace.clock, at, { ...policy, pinned })
  }
  const left = leftovers(workspace.project.store)
  if (!dryRun) for (const path of left) rmSync(path, { recursive: true, force: true })
  if (json) return printData(JSON.stringify({ dryRun, pipelines: reports, leftovers: left.length }, null, 2))
  const rows = Object.entries(reports).map(([pipeline, report]) => [
    pipeline,
    ...[report.runs.length, report.checkpoints, report.code, report.condemned, report.restored, report.deleted].map(
      String,
    ),
    bytes(report.freed),
  ])
  const titles = ['pipeline', 'runs', 'checkpoints', 'code', 'set aside', 'restored', 'deleted', 'freed']
  printLines(
    table(
      titles.map((title, at) => ({ title, align: at === 0 ? 'left' : 'right' })),
      rows,
      (title) => paint('dim', title),
    ),
  )
  for (const path of Object.values(reports).flatMap(({ damaged }) => damaged))
    printLines(`${paint('red', '✘')} ${path} is damaged, so what it may refer to stays: cairn doctor --repair`)
  if (left.length > 0) printLines(`${left.length} leftovers of processes that died`)
  printLines(
    dryRun
      ? 'nothing was changed'
      : `objects set aside are deleted by a later gc, once ${grace} have passed and if nothing refers to them`,
  )
}
