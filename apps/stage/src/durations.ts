import type { Durations } from '@cairn/drivers/compute'

const CALLS = 5

/** The durations of the last calls of each step, in milliseconds. */
export class RecentDurations implements Durations {
  readonly #calls = new Map<string, readonly number[]>()

  add(step: string, ms: number): void {
    this.#calls.set(step, [...(this.#calls.get(step) ?? []), ms].slice(-CALLS))
  }

  longest(step: string): number | undefined {
    const calls = this.#calls.get(step)
    return calls && Math.max(...calls)
  }
}
