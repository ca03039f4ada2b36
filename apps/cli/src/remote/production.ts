import type { Champion } from '@cairn/records'
import type { ControlOptions } from '@cairn/drivers/store/control'
import { getFrom, postTo, type Answer } from './control-client.ts'

const PRODUCTION = '/v1/pipelines/{pipeline}/production'

/** A pipeline's production on services: its run, the rules for promotion, and whether this token may promote. */
export function productionOn(control: ControlOptions, pipeline: string): Promise<Answer<typeof PRODUCTION>> {
  return getFrom(control, PRODUCTION, { path: { pipeline } })
}

/** Needs the right `promote`. @throws CairnError CONFLICT if another run than expected is in production */
export function setChampionOn(
  control: ControlOptions,
  pipeline: string,
  request: { readonly run: string; readonly expected: string | null; readonly from?: string },
): Promise<Champion> {
  return postTo(control, PRODUCTION, { path: { pipeline }, body: request })
}

/** Needs the right `promote`. */
export function rollBackOn(control: ControlOptions, pipeline: string, expected: string): Promise<Champion> {
  return postTo(control, `${PRODUCTION}/rollback`, { path: { pipeline }, body: { expected } })
}
