import type { Adoption } from '@cairn/embedded'
import type { Champion } from '@cairn/kernel/runtime'
import { askControl, type ControlOptions } from '@cairn/drivers/store/control'
import { post } from './submit.ts'

/** What services say of a pipeline's production: the run there, and how others become it. */
export interface Production extends Adoption {
  readonly champion: Champion | null
  /** The name of the token that asks, and whether it has the right. */
  readonly you: string
  readonly mayPromote: boolean
}

export async function productionOn(control: ControlOptions, pipeline: string): Promise<Production> {
  const answer = await askControl(control, `/v1/pipelines/${pipeline}/production`)
  return (await answer.json()) as Production
}

/** Needs the right to promote. @throws CairnError CONFLICT if another run is there than was expected */
export function crownOn(
  control: ControlOptions,
  pipeline: string,
  request: { readonly run: string; readonly expected: string | null; readonly from?: string },
): Promise<Champion> {
  return post(control, `/v1/pipelines/${pipeline}/production`, request)
}

/** Needs the right to promote. */
export function rollBackOn(control: ControlOptions, pipeline: string, expected: string): Promise<Champion> {
  return post(control, `/v1/pipelines/${pipeline}/production/rollback`, { expected })
}
