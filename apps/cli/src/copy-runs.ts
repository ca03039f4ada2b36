import { bytes, findRun, number, readRun, runNames, type Workspace } from '@cairn/workspace'
import { undefinedOn } from '@cairn/kernel/contract'
import type { CairnError } from '@cairn/kernel'
import type { copyResults, CopyReport } from '@cairn/maintenance'
import { checkPath } from './artifact-path.ts'
import { knownPipelines, unknownPipeline } from './known-pipeline.ts'
import { paint } from './terminal/style.ts'
import { printData, printLines } from './terminal/print.ts'

export interface CopyOptions {
  /** Number of newest runs of each pipeline to copy, if no run is named. */
  readonly runs: number
  readonly json: boolean
  /** The error to throw if there is no run to copy. Default: none. */
  readonly onNone?: () => CairnError
}

/** Copies ended runs, or their results, from one store to another; `path` names a pipeline or a run. */
export async function copyRuns(
  from: Workspace,
  to: Workspace,
  path: string | undefined,
  { runs: most, json, onNone }: CopyOptions,
  copy: typeof copyResults,
): Promise<void> {
  const [pipeline, run] = path?.split('/') ?? []
  if (path !== undefined) checkPath(path)
  const known = await knownPipelines(from)
  if (pipeline !== undefined && !known.includes(pipeline)) throw await unknownPipeline(from, pipeline, known)
  const copied: (CopyReport & { pipeline: string; run: string })[] = []
  for (const name of pipeline === undefined ? known : [pipeline]) {
    const [source, target] = [from, to].map((side) => ({ store: side.store, at: side.at(name) })) as [Side, Side]
    const wanted =
      run === undefined
        ? await endedRuns(from, name, most)
        : [await findRun(from.store, from.at(name), run, from.playground)]
    for (const one of wanted)
      copied.push({ pipeline: name, run: one, ...(await copy(source, target, one, progressOf(one))) })
  }
  if (copied.length === 0 && onNone) throw onNone()
  if (json) return printData(JSON.stringify(copied, null, 2))
  for (const { pipeline, run, objects, copied: fresh, bytes: size, checkpoints } of copied)
    printLines(
      `${pipeline}/${run}  ${number(fresh)} of ${number(objects)} objects copied (${bytes(size)}), ${number(checkpoints)} checkpoints`,
    )
  if (copied.length === 0) printLines('nothing to copy: no run has ended')
}
type Side = Parameters<typeof copyResults>[0]

async function endedRuns(workspace: Workspace, pipeline: string, most: number): Promise<string[]> {
  const { store } = workspace
  const at = workspace.at(pipeline)
  const ended: string[] = []
  for (const name of await runNames(store, at)) {
    if (ended.length === most) break
    const run = await readRun(store, at, name).catch(undefinedOn('BAD_RECORD', 'NOT_FOUND'))
    if (run?.end) ended.push(name)
  }
  return ended.reverse()
}

function progressOf(run: string) {
  const { stderr } = process
  if (!stderr.isTTY) return undefined
  return (done: number, all: number) => {
    stderr.write(`\r${paint('dim', `${run}  ${done} of ${all} objects`, stderr)}${done === all ? '\r\u001b[K' : ''}`)
  }
}
