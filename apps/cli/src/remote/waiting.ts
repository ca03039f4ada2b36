import { readContext, type RunSummary, type Workspace } from '@cairn/embedded'
import { askControl } from '@cairn/drivers/store/control'
import { number } from '@cairn/embedded'
import type { GlobalOptions } from '../open.ts'

/** Behind whom a run on services waits for its turn, as control tells it. */
export interface Waiting {
  /** 1 for the run that is next. */
  readonly place: number
  readonly waiting: number
  readonly limit?: { readonly of: 'pipeline' | 'environment'; readonly name: string; readonly runs: number }
}

/** Undefined for a run that has had its turn, or needs none. */
export async function waitOf(
  { project }: Workspace,
  { on }: GlobalOptions,
  { plan, end }: RunSummary,
): Promise<Waiting | undefined> {
  if (on === undefined || !plan.queued || end) return undefined
  const { control } = readContext(project.root, on)
  const answer = await askControl(control, `/v1/pipelines/${plan.pipeline}/runs/${plan.run}`)
  return ((await answer.json()) as { queue?: Waiting }).queue
}

export function waitText({ place, waiting, limit }: Waiting): string {
  const line = `queued  place ${number(place)} of ${number(waiting)}`
  if (!limit) return `${line}; about to start`
  const many = limit.runs === 1 ? '1 run goes' : `${number(limit.runs)} runs go`
  return `${line}: at most ${many} on at once in the ${limit.of} ${limit.name}`
}
