import { Backlog } from './backlog.ts'
import type { Incoming } from './message.ts'

/**
 * State of one partition: its waiting messages, and the offset below which all are handled. It is kept while the
 * partition is assigned to another member, because it may come back: handled messages stay handled, and messages in
 * progress must not be delivered again.
 */
export class Partition {
  readonly index: number
  isAssigned = false
  isPaused = false
  readonly #waiting = new Backlog()
  readonly #inProgress = new Map<number, Incoming>()
  /** Offsets that were received and are not handled, ascending. */
  readonly #unfinished = new Set<number>()
  /** Unfinished offsets that neither wait nor are in progress. */
  readonly #dropped = new Set<number>()
  /** All offsets from `#base` up to this one, exclusive, were received. */
  #next: number | undefined
  /** Offset of the group when the partition was assigned, or the offset that was committed since. */
  #base = 0
  #end = 0
  #isJustAssigned = true
  #low = Promise.withResolvers<void>()

  constructor(index: number) {
    this.index = index
  }

  get isFull(): boolean {
    return this.#waiting.isFull
  }
  get isLow(): boolean {
    return this.#waiting.isLow
  }
  get waiting(): number {
    return this.#waiting.length
  }
  /** Offset below which everything is handled. */
  get handled(): number | undefined {
    return this.#unfinished.values().next().value ?? this.#next
  }
  /**
   * Offset to commit, if there is progress. Undefined until messages arrive after an assignment, because another member
   * may have committed a higher offset.
   */
  get due(): number | undefined {
    if (this.#isJustAssigned) return undefined
    const { handled } = this
    return handled !== undefined && handled > this.#base ? handled : undefined
  }
  /** Offset that may be committed, even if it is committed already. */
  get position(): number | undefined {
    const { handled } = this
    return this.#isJustAssigned || handled === undefined ? undefined : Math.max(handled, this.#base)
  }
  /** Number of messages that are not handled, up to the last known offset. */
  get lag(): number {
    const { handled } = this
    return handled === undefined ? 0 : Math.max(this.#end - handled, 0)
  }

  /** Called when it is assigned: messages arrive again from the committed offset on. */
  assign(): void {
    this.isAssigned = true
    this.#isJustAssigned = true
  }

  /** Called when it is no longer assigned: drops its waiting messages. */
  revoke(): void {
    this.isAssigned = false
    for (const { offset } of this.#waiting.drop()) this.#dropped.add(offset)
  }

  /**
   * Adds fetched messages.
   *
   * @param next offset to fetch from next
   * @param end offset after the last message in the log
   */
  accept(messages: readonly Incoming[], next: number, end: number): void {
    const first = messages[0]!.offset
    if (first < this.#base || end < (this.#next ?? 0)) this.#restart(first)
    else if (this.#isJustAssigned) this.#begin(first)
    this.#isJustAssigned = false
    for (const message of messages) {
      const { offset } = message
      const isKnown = this.#next !== undefined && offset < this.#next
      if (isKnown && !this.#dropped.delete(offset)) continue
      this.#unfinished.add(offset)
      if (!this.#inProgress.has(offset)) this.#waiting.add(message)
    }
    this.#next = Math.max(this.#next ?? next, next)
    this.#end = Math.max(this.#next, end)
  }

  take(): Incoming | undefined {
    const message = this.#waiting.take()
    if (message) this.#inProgress.set(message.offset, message)
    if (this.isLow) this.#low.resolve()
    return message
  }

  finish(message: Incoming): void {
    const { offset } = message
    if (this.#inProgress.get(offset) !== message) return // from a log that was deleted
    this.#inProgress.delete(offset)
    this.#unfinished.delete(offset)
  }

  /** Returns a message in progress that was not handled. */
  putBack(message: Incoming): void {
    const { offset } = message
    if (this.#inProgress.get(offset) !== message) return
    this.#inProgress.delete(offset)
    if (!this.#unfinished.has(offset)) return
    if (this.isAssigned) this.#waiting.putBack(message)
    else this.#dropped.add(offset)
  }

  committed(offset: number): void {
    this.#base = Math.max(this.#base, offset)
  }

  /** Resolves once at most half of the backlog's limit waits. */
  untilLow(): Promise<void> {
    this.#low = Promise.withResolvers()
    if (this.isLow) this.#low.resolve()
    return this.#low.promise
  }

  #begin(first: number): void {
    this.#base = first
    for (const offset of this.#unfinished) {
      if (offset >= first) break
      this.#unfinished.delete(offset)
      this.#dropped.delete(offset)
    }
    this.#waiting.drop(first)
  }

  /** Forgets everything: the topic was recreated, its log truncated, or the group's offsets reset. */
  #restart(first: number): void {
    this.#base = first
    this.#end = 0
    this.#inProgress.clear()
    this.#next = undefined
    this.#unfinished.clear()
    this.#dropped.clear()
    this.#waiting.drop()
  }
}
