import { Backlog } from './backlog.ts'
import type { Incoming } from './message.ts'

/**
 * What a member knows of one partition: the messages that wait, and how far everything is handled. It is kept when the
 * partition goes to another member, for it may come back: what was handled here stays handled, and what is still in
 * hand is not to be handed over again.
 */
export class Partition {
  readonly index: number
  isOurs = false
  isPaused = false
  readonly #waiting = new Backlog()
  readonly #inHand = new Map<number, Incoming>()
  /** Offsets that have come and are not handled, ascending. */
  readonly #unfinished = new Set<number>()
  /** Those of them that neither wait nor are in hand. */
  readonly #left = new Set<number>()
  /** Everything from `#base` to here has come. */
  #next: number | undefined
  /** Where the group was when the partition came, or what was committed since. */
  #base = 0
  #end = 0
  #isFresh = true
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
  /** Everything below is handled. */
  get handled(): number | undefined {
    return this.#unfinished.values().next().value ?? this.#next
  }
  /** What is to be committed: nothing before messages have come anew, for another member may have come further. */
  get due(): number | undefined {
    if (this.#isFresh) return undefined
    const { handled } = this
    return handled !== undefined && handled > this.#base ? handled : undefined
  }
  /** What may be committed, be it what is committed already. */
  get at(): number | undefined {
    const { handled } = this
    return this.#isFresh || handled === undefined ? undefined : Math.max(handled, this.#base)
  }
  /** Messages that are not handled, of those that are known to be there. */
  get lag(): number {
    const { handled } = this
    return handled === undefined ? 0 : Math.max(this.#end - handled, 0)
  }

  /** It is assigned, maybe again: messages from what the group has committed come anew. */
  gain(): void {
    this.isOurs = true
    this.#isFresh = true
  }

  lose(): void {
    this.isOurs = false
    for (const { offset } of this.#waiting.drop()) this.#left.add(offset)
  }

  /** @param end offset after the last that the broker has */
  accept(messages: readonly Incoming[], next: number, end: number): void {
    const first = messages[0]!.offset
    if (first < this.#base || end < (this.#next ?? 0)) this.#restart(first)
    else if (this.#isFresh) this.#begin(first)
    this.#isFresh = false
    for (const message of messages) {
      const { offset } = message
      const isKnown = this.#next !== undefined && offset < this.#next
      if (isKnown && !this.#left.delete(offset)) continue
      this.#unfinished.add(offset)
      if (!this.#inHand.has(offset)) this.#waiting.add(message)
    }
    this.#next = Math.max(this.#next ?? next, next)
    this.#end = Math.max(this.#next, end)
  }

  take(): Incoming | undefined {
    const message = this.#waiting.take()
    if (message) this.#inHand.set(message.offset, message)
    if (this.isLow) this.#low.resolve()
    return message
  }

  finish(message: Incoming): void {
    const { offset } = message
    if (this.#inHand.get(offset) !== message) return // of a log that is gone
    this.#inHand.delete(offset)
    this.#unfinished.delete(offset)
  }

  /** It was in hand and is not handled. */
  giveBack(message: Incoming): void {
    const { offset } = message
    if (this.#inHand.get(offset) !== message) return
    this.#inHand.delete(offset)
    if (!this.#unfinished.has(offset)) return
    if (this.isOurs) this.#waiting.putBack(message)
    else this.#left.add(offset)
  }

  committed(offset: number): void {
    this.#base = Math.max(this.#base, offset)
  }

  /** Resolves when few messages wait. */
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
      this.#left.delete(offset)
    }
    this.#waiting.drop(first)
  }

  /** The topic was recreated, its log truncated, or the group's offsets reset: forgets all that was known. */
  #restart(first: number): void {
    this.#base = first
    this.#end = 0
    this.#inHand.clear()
    this.#next = undefined
    this.#unfinished.clear()
    this.#left.clear()
    this.#waiting.drop()
  }
}
