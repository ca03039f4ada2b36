import { counted, number, readContext, type RunSummary, type Workspace } from '@cairn/workspace'
import type { GlobalOptions } from '../global-options.ts'
import { getFrom, type Answer } from './control-client.ts'

/** The place of a queued run on services, as control reports it. */
export type Waiting = NonNullable<Answer<'/v1/pipelines/{pipeline}/runs/{run}'>['queue']>

/** Undefined for a run that is not queued. */
export async function waitOf(
  { project }: Workspace,
  { on }: GlobalOptions,
  { plan, end }: RunSummary,
): Promise<Waiting | undefined> {
  if (on === undefined || !plan.queued || end) return undefined
  const { control } = readContext(project.root, on)
  const { pipeline, run } = plan
  return (await getFrom(control, '/v1/pipelines/{pipeline}/runs/{run}', { path: { pipeline, run } })).queue
}

export function waitText({ place, waiting, limit, isRemoved }: Waiting): string {
  if (isRemoved)
    return 'queued  not started: the project no longer has this pipeline. Cancel the run, or add the pipeline again'
  const line = `queued  place ${number(place)} of ${number(waiting)}`
  if (!limit) return `${line}; about to start`
  const many = counted(limit.runs, 'run')
  return `${line}: at most ${many} at once in the ${limit.of} ${limit.name}`
}
