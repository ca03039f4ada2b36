import { CairnError } from '@cairn/kernel'
import { compareRuns, loadPipeline } from '@cairn/workspace'
import { findArtifactPath } from '../artifact-path.ts'
import { differenceTable } from '../lab-text.ts'
import { comparedText } from '../preview.ts'
import { openWorkspace } from '../open.ts'
import type { GlobalOptions } from '../global-options.ts'
import { printData, printLines } from '../terminal/print.ts'

interface Options {
  readonly of?: string
  readonly key?: readonly string[]
  readonly data?: string
  readonly rows?: number
}

/** `cairn diff`: compares two runs, from parameters to metrics, or with `--of` one output row by row. */
export default async function diff(
  one: string,
  other: string,
  { of, ...options }: Options,
  command: { optsWithGlobals(): GlobalOptions },
): Promise<void> {
  const { json, ...globals } = command.optsWithGlobals()
  const workspace = await openWorkspace(globals)
  const [before, after] = [await findArtifactPath(workspace, one), await findArtifactPath(workspace, other)]
  const { pipeline } = before
  if (after.pipeline !== pipeline)
    throw new CairnError('BAD_PARAMETER', `${one} and ${other} are runs of different pipelines`, {
      next: `cairn runs ${pipeline}`,
    })
  if (of !== undefined) {
    const { compareOutputs } = await import('@cairn/explore')
    const { graph } = (await loadPipeline(workspace.project, pipeline)).pipeline
    const runs = { workspace, graph, before: before.run.plan, after: after.run.plan }
    const compared = await compareOutputs(runs, of, options)
    return json ? printData(JSON.stringify(compared, null, 2)) : printLines(comparedText(compared))
  }
  const unknown = Object.keys(options)[0]
  if (unknown !== undefined)
    throw new CairnError('BAD_PARAMETER', `--${unknown} needs --of: it applies to one output`, {
      next: 'add --of <step>/<output>',
    })
  const [from, to] = [before.run.plan.run, after.run.plan.run]
  const found = await compareRuns(workspace, pipeline, from, to)
  if (json) return printData(JSON.stringify(found, null, 2))
  if (found.length === 0) return printLines('the two runs have the same parameters, sources, code, data and metrics')
  printLines(differenceTable(found, from, to))
}
