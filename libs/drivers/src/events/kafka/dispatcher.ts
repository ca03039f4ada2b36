import { pause } from './deadline.ts'
import type { Incoming } from './message.ts'
import { Partition } from './partition.ts'

export interface DispatcherOptions {
  /** Events in hand at one time. */
  readonly most: number
  /** True once it is handled or given up; false when it is left to another member. */
  readonly deliver: (message: Incoming, partition: Partition) => Promise<boolean>
  readonly onHandled: () => void
  /** A partition that was paused can be fetched from again. */
  readonly onRoom: (partition: Partition) => void
}

/** Hands the messages of a member's partitions to the handler, several at a time. */
export class Dispatcher {
  readonly #options: DispatcherOptions
  readonly #partitions = new Map<number, Partition>()
  readonly #hands = new Set<Promise<void>>()
  #turn = 0
  #isStopped = false
  #progressAt = performance.now()

  constructor(options: DispatcherOptions) {
    this.#options = options
  }

  get ours(): Partition[] {
    return [...this.#partitions.values()].filter(({ isOurs }) => isOurs)
  }
  get inHand(): number {
    return this.#hands.size
  }
  get waiting(): number {
    return this.ours.reduce((sum, { waiting }) => sum + waiting, 0)
  }
  /** Milliseconds since an event was handled, or there was none to handle. */
  get progressAge(): number {
    return this.#isIdle ? 0 : performance.now() - this.#progressAt
  }
  get #isIdle(): boolean {
    return this.inHand === 0 && this.waiting === 0
  }

  /** True when they are others than before. */
  assign(indexes: readonly number[]): boolean {
    const before = new Set(this.ours.map(({ index }) => index))
    for (const partition of this.ours) if (!indexes.includes(partition.index)) partition.lose()
    for (const index of indexes) {
      if (!this.#partitions.has(index)) this.#partitions.set(index, new Partition(index))
      this.#partitions.get(index)!.gain()
    }
    return before.size !== indexes.length || indexes.some((index) => !before.has(index))
  }

  partition(index: number): Partition | undefined {
    const partition = this.#partitions.get(index)
    return partition?.isOurs ? partition : undefined
  }

  accept(partition: Partition, messages: readonly Incoming[], next: number, end: number): void {
    if (this.#isIdle) this.#progressAt = performance.now()
    partition.accept(messages, next, end)
    this.#handOut()
  }

  /** Hands out nothing more. */
  stop(): void {
    this.#isStopped = true
  }

  /** Waits for what is in hand. */
  async settle(ms: number): Promise<void> {
    const timer = new AbortController()
    await Promise.race([Promise.all(this.#hands), pause(ms, timer.signal)])
    timer.abort()
  }

  #handOut(): void {
    while (!this.#isStopped && this.#hands.size < this.#options.most) {
      const partition = this.#nextPartition()
      const message = partition?.take()
      if (!partition || !message) return
      if (partition.isPaused && partition.isLow) this.#options.onRoom(partition)
      const hand = this.#handle(partition, message).finally(() => {
        this.#hands.delete(hand)
        this.#handOut()
      })
      this.#hands.add(hand)
    }
  }

  /** In turns, so that a full partition does not hold up the others. */
  #nextPartition(): Partition | undefined {
    const withWork = this.ours.filter(({ waiting }) => waiting > 0)
    return withWork[this.#turn++ % withWork.length]
  }

  async #handle(partition: Partition, message: Incoming): Promise<void> {
    if (!(await this.#options.deliver(message, partition))) return partition.giveBack(message)
    partition.finish(message)
    this.#progressAt = performance.now()
    this.#options.onHandled()
  }
}
