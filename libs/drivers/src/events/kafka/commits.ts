import { pause, within } from './deadline.ts'
import type { Commit, Member } from './member.ts'
import type { Partition } from './partition.ts'
import type { Standstill } from './standstills.ts'

const AFTER_FAILURE_MS = 1_000

/** Brokers take 4,096 bytes. */
const LONGEST_REASON = 500

function noteTextOf(standstill: Standstill | undefined): string | undefined {
  if (!standstill) return undefined
  const { offset, event, since, reason } = standstill
  return JSON.stringify({
    standstill: { offset, event: event?.slice(0, 300), since, reason: reason.slice(0, LONGEST_REASON) },
  })
}

export interface CommitsOptions {
  readonly partitions: () => readonly Partition[]
  /** What others are to see of a partition in which nothing goes on. */
  readonly noteOf: (partition: number) => Standstill | undefined
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
  /** What stands beside committed offsets, by partition. */
  readonly #noted = new Map<number, string>()
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
    const due = this.#due
    const holder = member()
    if (due.length === 0 || !holder) return
    await within(timeout, holder.commit(due), 'committing')
    for (const { partition, note } of due)
      if (note === undefined) this.#noted.delete(partition)
      else this.#noted.set(partition, note)
    const offsets = new Map(due.map(({ partition, offset }) => [partition, offset]))
    for (const partition of partitions()) partition.committed(offsets.get(partition.index) ?? 0)
  }

  /** How far everything is handled where that is new, or where there is something new to be said of it. */
  get #due(): Commit[] {
    const { partitions, noteOf } = this.#options
    return partitions().flatMap((partition) => {
      const { index, due, at } = partition
      const note = noteTextOf(noteOf(index))
      const offset = note === this.#noted.get(index) ? due : (due ?? at)
      return offset === undefined ? [] : [{ partition: index, offset, note }]
    })
  }

  async #commitDue(): Promise<void> {
    const { member, interval, closing } = this.#options
    // Always in a turn of its own: the client replaces assignment and generation together in one turn.
    await pause(Math.max(this.#lastAt + interval - performance.now(), 1), closing)
    while (!closing.aborted && member() && this.#due.length > 0) {
      const isDone = await this.now().then(
        () => true,
        () => false, // after a reassignment, or with the coordinator away
      )
      this.#lastAt = performance.now()
      await pause(isDone ? interval : AFTER_FAILURE_MS, closing)
    }
  }
}
