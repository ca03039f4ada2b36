import type { Plan } from '@cairn/records'

/** That a run of this store is of a later time than now. */
export function clockNotes({ pipeline, run }: Plan, isAhead: string | undefined): string[] {
  if (isAhead === undefined) return []
  return [
    `! ${pipeline}/${isAhead} is dated later than now: the clock was set back. This run is named ${run}, so that it is still the latest`,
  ]
}
