import type { Compute } from '@cairn/records'

const CALLS = 5

/** Computes, and records the longest of the last calls of each step, in milliseconds. */
export function recordDurations(compute: Compute) {
  const times = new Map<string, number[]>()
  const timing: Compute = {
    async *run(work, signal) {
      for await (const result of compute.run(work, signal)) {
        if (!('error' in result)) times.set(work.step, [...(times.get(work.step) ?? []), result.ms].slice(-CALLS))
        yield result
      }
    },
  }
  const longest = (step: string): number | undefined => {
    const known = times.get(step)
    return known && Math.max(...known)
  }
  return { compute: timing, longest }
}
