import type { Compute } from '@cairn/records'

/** Recent durations of steps. */
export interface Durations {
  /** Returns the duration of the longest recent call of a step's body, in milliseconds; undefined if none is known. */
  longest(step: string): number | undefined
  add(step: string, ms: number): void
}

/** Wraps a compute driver so that the duration of each completed call is recorded. */
export function withDurations(compute: Compute, durations: Durations): Compute {
  return {
    async *run(work, signal) {
      for await (const result of compute.run(work, signal)) {
        if (!('error' in result)) durations.add(work.step, result.ms)
        yield result
      }
    },
  }
}
