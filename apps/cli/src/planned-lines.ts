import {
  itemLine,
  planLines,
  planRun,
  readContext,
  type LoadedPipeline,
  type PlanLine,
  type Workspace,
} from '@cairn/workspace'
import type { Plan } from '@cairn/records'
import { refuseRepeats } from './refuse-repeats.ts'
import { requestOf, type RequestOptions } from './open.ts'

/** What a run would do, in total or for one item (`<step>/<item>`): planned locally, or with `--on` by the services and their code. */
export async function plannedLines(
  workspace: Workspace,
  loaded: LoadedPipeline,
  options: RequestOptions,
  on: string | undefined,
  item?: string,
): Promise<{ readonly lines: readonly PlanLine[]; readonly plan?: Plan }> {
  refuseRepeats({ set: options.set })
  const request = await requestOf(options, loaded.pipeline.graph)
  if (on === undefined) {
    const planned = await planRun(workspace, loaded, request)
    const { plan } = planned
    if (item === undefined) return { lines: await planLines(workspace, planned), plan }
    return { lines: [await itemLine(workspace, planned, loaded.pipeline.graph, item)], plan }
  }
  const { planOn } = await import('./remote/submit.ts')
  const { control } = readContext(workspace.project.root, on)
  return { lines: await planOn(control, loaded.pipeline.name, request, item) }
}
