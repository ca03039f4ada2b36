import type { Plan } from '@cairn/records'

/** Warns that a run of this store is dated later than now. */
export function clockWarnings({ pipeline, run }: Plan, isAhead: string | undefined): string[] {
  if (isAhead === undefined) return []
  return [
    `! ${pipeline}/${isAhead} is dated later than now: the clock was set back. This run is named ${run}, so that it is still the latest`,
  ]
}
