import { pause, within } from './deadline.ts'
import type { Commit, Member } from './member.ts'
import type { Partition } from './partition.ts'
import type { Standstill } from './standstills.ts'

const AFTER_FAILURE_MS = 1_000

/** Characters. Brokers accept 4,096 bytes of metadata with an offset. */
const MAX_REASON_LENGTH = 500

function noteTextOf(standstill: Standstill | undefined): string | undefined {
  if (!standstill) return undefined
  const { offset, event, since, reason } = standstill
  return JSON.stringify({
    standstill: { offset, event: event?.slice(0, 300), since, reason: reason.slice(0, MAX_REASON_LENGTH) },
  })
}

export interface CommitsOptions {
  readonly partitions: () => readonly Partition[]
  /** Returns the standstill of a blocked partition, which is stored as metadata of its offset. */
  readonly noteOf: (partition: number) => Standstill | undefined
  readonly member: () => Member | undefined
  /** Milliseconds between commits. */
  readonly interval: number
  /** Timeout of one commit, in milliseconds. */
  readonly timeout: number
  readonly closing: AbortSignal
}

/** Commits the offsets below which all events are handled, one commit at a time. */
export class Commits {
  readonly #options: CommitsOptions
  /** Metadata of the committed offsets, by partition. */
  readonly #noted = new Map<number, string>()
  #isBusy = false
  #lastAt = -Infinity

  constructor(options: CommitsOptions) {
    this.#options = options
  }

  /** Commits as soon as the interval allows. */
  soon(): void {
    if (this.#isBusy) return
    this.#isBusy = true
    void this.#commitDue().finally(() => (this.#isBusy = false))
  }

  /** Commits at once, for partitions that are about to be reassigned. */
  async now(): Promise<void> {
    const { partitions, member, timeout } = this.#options
    const due = this.#due
    const current = member()
    if (due.length === 0 || !current) return
    await within(timeout, current.commit(due), 'committing')
    for (const { partition, note } of due)
      if (note === undefined) this.#noted.delete(partition)
      else this.#noted.set(partition, note)
    const offsets = new Map(due.map(({ partition, offset }) => [partition, offset]))
    for (const partition of partitions()) partition.committed(offsets.get(partition.index) ?? 0)
  }

  /** Offsets of partitions with progress, or with new metadata. */
  get #due(): Commit[] {
    const { partitions, noteOf } = this.#options
    return partitions().flatMap((partition) => {
      const { index, due, position } = partition
      const note = noteTextOf(noteOf(index))
      const offset = note === this.#noted.get(index) ? due : (due ?? position)
      return offset === undefined ? [] : [{ partition: index, offset, note }]
    })
  }

  async #commitDue(): Promise<void> {
    const { member, interval, closing } = this.#options
    // Always in a later turn of the event loop: the client replaces assignment and generation within one turn.
    await pause(Math.max(this.#lastAt + interval - performance.now(), 1), closing)
    while (!closing.aborted && member() && this.#due.length > 0) {
      const isDone = await this.now().then(
        () => true,
        () => false, // after a reassignment, or during an outage of the coordinator
      )
      this.#lastAt = performance.now()
      await pause(isDone ? interval : AFTER_FAILURE_MS, closing)
    }
  }
}
