import type { Clock } from '@cairn/records'

export type Random = () => number

/** A small, fast generator (mulberry32): the whole of a simulation follows from its seed. */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

interface Action {
  readonly at: number
  readonly happen: () => void
}

/**
 * Time and chance. Whatever a port is asked for happens as an action at some later, simulated moment; which of those that
 * are due comes next is drawn by lot. Nothing else moves, so the same seed always gives the same story.
 */
export class World {
  readonly random: Random
  now = 1_000_000
  readonly #actions: Action[] = []
  /** What still may go wrong; when it is spent everything works, so that every story ends. */
  faults: number

  constructor(seed: number, faults: number) {
    this.random = randomFrom(seed)
    this.faults = faults
  }

  chance(probability: number): boolean {
    return this.random() < probability
  }

  /** Spends a fault with the given probability. */
  fault(probability: number): boolean {
    if (this.faults <= 0 || !this.chance(probability)) return false
    this.faults--
    return true
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[Math.floor(this.random() * items.length)]!
  }

  after(ms: number, happen: () => void): void {
    this.#actions.push({ at: this.now + ms, happen })
  }

  /** Something that takes a little while, mostly. */
  soon(happen: () => void): void {
    this.after(this.chance(0.05) ? this.random() * 2_000 : this.random() * 10, happen)
  }

  /** Lets one action happen, and everything that follows from it at once; false when nothing is left to happen. */
  async step(): Promise<boolean> {
    if (this.#actions.length === 0) return false
    const due = this.#actions.filter(({ at }) => at <= this.now)
    const next =
      due.length > 0 ? this.pick(due) : this.#actions.reduce((first, action) => (action.at < first.at ? action : first))
    this.#actions.splice(this.#actions.indexOf(next), 1)
    this.now = Math.max(this.now, next.at)
    next.happen()
    await new Promise(setImmediate)
    return true
  }

  readonly clock: Clock = {
    now: () => Math.floor(this.now),
    monotonic: () => this.now,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason as Error)
        signal?.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
        this.after(ms, resolve)
      }),
  }
}
