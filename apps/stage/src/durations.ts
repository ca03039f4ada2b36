import type { Durations as Port } from '@cairn/drivers/compute'

const KEPT = 5

/** How long the steps of this process took lately. */
export class Durations implements Port {
  readonly #times = new Map<string, number[]>()

  longest(step: string): number | undefined {
    const times = this.#times.get(step)
    return times && Math.max(...times)
  }

  add(step: string, ms: number): void {
    this.#times.set(step, [...(this.#times.get(step) ?? []), ms].slice(-KEPT))
  }
}
