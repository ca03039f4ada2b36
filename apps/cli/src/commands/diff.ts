import { CairnError } from '@cairn/kernel/runtime'
import { compareRuns } from '@cairn/embedded'
import { findPlace } from '../artifact-path.ts'
import { differenceTable } from '../lab-text.ts'
import { openWorkspace, type GlobalOptions } from '../open.ts'

/** `cairn diff`: what differs between two runs, from what was asked for to what came out. */
export default async function diff(
  one: string,
  other: string,
  _: object,
  command: { optsWithGlobals(): GlobalOptions },
): Promise<void> {
  const { json, ...globals } = command.optsWithGlobals()
  const workspace = await openWorkspace(globals)
  const [before, after] = [await findPlace(workspace, one), await findPlace(workspace, other)]
  const { pipeline } = before
  if (after.pipeline !== pipeline)
    throw new CairnError('BAD_PARAMETER', `${one} and ${other} are runs of two pipelines`, {
      next: `cairn runs ${pipeline}`,
    })
  const [from, to] = [before.run.plan.run, after.run.plan.run]
  const found = await compareRuns(workspace, pipeline, from, to)
  if (json) return console.log(JSON.stringify(found, null, 2))
  if (found.length === 0) return console.log('the two runs are the same: parameters, sources, code, data and metrics')
  console.log(differenceTable(found, from, to))
}
