import { readEnds, readRun, type Context, type Workspace } from '@cairn/workspace'
import { CairnError } from '@cairn/kernel'
import type { Plan } from '@cairn/records'
import { eventsOf } from './events.ts'
import { startOnServices } from './submit.ts'

/** A longer computation continues, but is not waited for. Milliseconds. */
const WAIT_MS = 60 * 60 * 1000

/** Has services compute one node of a recorded run again, and returns the plan of that run. */
export async function rerunOn(
  workspace: Workspace,
  { control, name }: Context,
  { pipeline, run: base }: Plan,
  node: string,
): Promise<Plan> {
  const { store } = workspace
  const run = await startOnServices(control, '/v1/pipelines/{pipeline}/runs/{run}/rerun', {
    path: { pipeline, run: base },
    body: { node },
  })
  for await (const { type } of eventsOf(control, pipeline, run, AbortSignal.timeout(WAIT_MS)))
    if (type === 'cairn.run-ended') break
  const { plan, end } = await readRun(store, workspace.at(pipeline), run)
  if (end?.status === 'completed') return plan
  const failed = [...(await readEnds(store, workspace.at(pipeline), run)).values()].flatMap(({ items }) => items)
  const error = failed.find((outcome) => 'error' in outcome)
  throw new CairnError('STEP_FAILED', error && 'error' in error ? error.error.message : `run ${run} did not complete`, {
    next: `cairn show ${pipeline}/${run} --on ${name}`,
  })
}
