import { pipelineNames } from '@cairn/records'
import { counted, duration, readContext } from '@cairn/workspace'
import { CairnError } from '@cairn/kernel'
import { reportsText } from '../gc-reports.ts'
import { openWorkspace } from '../open.ts'
import type { GlobalOptions } from '../global-options.ts'
import { printData, printLines } from '../terminal/print.ts'
import { postTo, type Answer } from './control-client.ts'

interface Options {
  readonly dryRun: boolean
  /** Given options that set the retention. */
  readonly given: readonly string[]
  readonly json: boolean | undefined
}
type Collection = Answer<typeof COLLECTIONS, 'post'>

const COLLECTIONS = '/v1/pipelines/{pipeline}/collections'

/** Has control collect the store of its services, or report what it would remove. Needs the right `collect`. */
export async function collectServices(on: string, globals: GlobalOptions, { dryRun, given, json }: Options) {
  if (given.length > 0)
    throw new CairnError(
      'BAD_PARAMETER',
      `--keep-runs, --keep and --grace cannot be used with --on ${on}: its project sets them for everyone`,
      {
        next: 'add "retention": { "keepRuns": 100, "keep": "90d", "grace": "2d" } to "cairn" in its package.json',
      },
    )
  const workspace = await openWorkspace(globals)
  const { control } = readContext(workspace.project.root, on)
  const collections: Record<string, Collection> = {}
  for (const pipeline of await pipelineNames(workspace.store, workspace.project.env))
    collections[pipeline] = await postTo(
      control,
      COLLECTIONS,
      { path: { pipeline }, body: { dryRun } },
      { deadline: null },
    )
  const reports = Object.fromEntries(Object.entries(collections).map(([name, { report }]) => [name, report]))
  if (json) return printData(JSON.stringify({ dryRun, pipelines: reports }, null, 2))
  printLines(reportsText(reports))
  for (const [pipeline, { retention }] of Object.entries(collections)) {
    const { keepRuns, keepMs, graceMs, everyMs } = retention
    const by = everyMs === undefined ? 'runs only on request' : `runs every ${duration(everyMs)}`
    printLines(
      `${pipeline}  keeps ${counted(keepRuns, 'run')} and everything younger than ${duration(keepMs)}; deletes unreferenced data after ${duration(graceMs)} in the trash; ${by}`,
    )
  }
  if (dryRun) printLines('nothing was changed')
}
