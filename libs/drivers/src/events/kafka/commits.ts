import { pause, within } from './deadline.ts'
import type { Member } from './member.ts'
import type { Partition } from './partition.ts'

const AFTER_FAILURE_MS = 1_000

export interface CommitsOptions {
  readonly partitions: () => readonly Partition[]
  readonly member: () => Member | undefined
  /** Milliseconds from one commit to the next. */
  readonly interval: number
  /** For one commit, in milliseconds. */
  readonly timeout: number
  readonly closing: AbortSignal
}

/** Commits how far everything is handled, one commit at a time. */
export class Commits {
  readonly #options: CommitsOptions
  #isBusy = false
  #lastAt = -Infinity

  constructor(options: CommitsOptions) {
    this.#options = options
  }

  soon(): void {
    if (this.#isBusy) return
    this.#isBusy = true
    void this.#commitDue().finally(() => (this.#isBusy = false))
  }

  /** At once, for partitions that are about to go to others. */
  async now(): Promise<void> {
    const { partitions, member, timeout } = this.#options
    const due = new Map(partitions().flatMap(({ index, due }) => (due === undefined ? [] : [[index, due]])))
    const holder = member()
    if (due.size === 0 || !holder) return
    await within(timeout, holder.commit(due), 'committing')
    for (const partition of partitions()) partition.committed(due.get(partition.index) ?? 0)
  }

  async #commitDue(): Promise<void> {
    const { partitions, member, interval, closing } = this.#options
    // Always in a turn of its own: the client replaces assignment and generation together in one turn.
    await pause(Math.max(this.#lastAt + interval - performance.now(), 1), closing)
    while (!closing.aborted && member() && partitions().some(({ due }) => due !== undefined)) {
      const isDone = await this.now().then(
        () => true,
        () => false, // after a reassignment, or with the coordinator away
      )
      this.#lastAt = performance.now()
      await pause(isDone ? interval : AFTER_FAILURE_MS, closing)
    }
  }
}
