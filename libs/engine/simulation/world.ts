import type { Clock } from '@cairn/records'

export type Random = () => number

/** A small, fast random number generator (mulberry32). Its seed determines the whole simulation. */
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
  readonly run: () => void
}

/**
 * Simulated time and chance. Each call of a port becomes an action at a later simulated time. The next action is a
 * random one of those that are due. Nothing else runs, so the same seed always gives the same simulation.
 */
export class World {
  readonly random: Random
  now = 1_000_000
  readonly #actions: Action[] = []
  /** The number of faults that may still occur. When none are left, everything works, so every simulation ends. */
  faults: number

  constructor(seed: number, faults: number) {
    this.random = randomFrom(seed)
    this.faults = faults
  }

  chance(probability: number): boolean {
    return this.random() < probability
  }

  /** Uses up one fault with the given probability; returns whether it did. */
  fault(probability: number): boolean {
    if (this.faults <= 0 || !this.chance(probability)) return false
    this.faults--
    return true
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[Math.floor(this.random() * items.length)]!
  }

  after(ms: number, run: () => void): void {
    this.#actions.push({ at: this.now + ms, run })
  }

  /** Runs something within 10 ms, and in 5% of all cases within 2 s. */
  soon(run: () => void): void {
    this.after(this.chance(0.05) ? this.random() * 2_000 : this.random() * 10, run)
  }

  /** Runs one action and everything that follows from it immediately; returns false if no action is left. */
  async step(): Promise<boolean> {
    if (this.#actions.length === 0) return false
    const due = this.#actions.filter(({ at }) => at <= this.now)
    const next =
      due.length > 0 ? this.pick(due) : this.#actions.reduce((first, action) => (action.at < first.at ? action : first))
    this.#actions.splice(this.#actions.indexOf(next), 1)
    this.now = Math.max(this.now, next.at)
    next.run()
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
