import { rmSync } from 'node:fs'
import { collect } from '@cairn/maintenance'
import { milliseconds } from '@cairn/kernel/contract'
import type { Duration } from '@cairn/kernel'
import { pipelineNames, type GcReport } from '@cairn/records'
import { isGone } from '@cairn/drivers/process-id'
import { leftovers } from '@cairn/drivers/store/folder-leftovers'
import { pinnedRuns } from '@cairn/explore'
import { reportsText } from '../gc-reports.ts'
import { openProduction, openWorkspace } from '../open.ts'
import type { GlobalOptions } from '../global-options.ts'
import { runNames } from '@cairn/workspace'
import { printData, printLines } from '../terminal/print.ts'

interface Options {
  readonly keepRuns: number
  readonly keep: string
  readonly grace: string
  readonly dryRun?: boolean
}

/**
 * `cairn gc`: removes old runs and unreferenced data. Whatever a live record refers to is kept. With `--on`, control does
 * it with the retention of its project.
 */
export default async function gc(
  { keepRuns, keep, grace, dryRun = false }: Options,
  command: { optsWithGlobals(): GlobalOptions; getOptionValueSource(name: string): string | undefined },
) {
  const { json, ...globals } = command.optsWithGlobals()
  if (globals.on !== undefined) {
    const given = ['keepRuns', 'keep', 'grace'].filter((name) => command.getOptionValueSource(name) === 'cli')
    return (await import('../remote/gc.ts')).collectServices(globals.on, globals, { dryRun, given, json })
  }
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
  for (const pipeline of await pipelineNames(workspace.store, workspace.project.env)) {
    const at = workspace.at(pipeline)
    // A playground only reads production's runs.
    const production = workspace.playground === undefined ? [] : await runNames(below, at)
    const pinned = [...pinnedRuns(workspace.project, pipeline, workspace.clock.now()), ...production]
    reports[pipeline] = await collect(workspace.store, workspace.clock, at, { ...policy, pinned })
  }
  const left = leftovers(workspace.project.store)
  if (!dryRun) for (const path of left) rmSync(path, { recursive: true, force: true })
  if (json) return printData(JSON.stringify({ dryRun, pipelines: reports, leftovers: left.length }, null, 2))
  printLines(reportsText(reports))
  if (left.length > 0) printLines(`${left.length} leftover files of processes that died`)
  printLines(
    dryRun
      ? 'nothing was changed'
      : `objects that stay unreferenced in the trash for ${grace} are deleted by a later gc`,
  )
}
