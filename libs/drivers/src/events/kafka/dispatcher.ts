import { pause } from './deadline.ts'
import type { Incoming } from './message.ts'
import { Partition } from './partition.ts'

export interface DispatcherOptions {
  /** Maximum number of events in progress. */
  readonly concurrency: number
  /** Resolves with true once the message is handled or given up; with false if another member must handle it. */
  readonly deliver: (message: Incoming, partition: Partition) => Promise<boolean>
  readonly onHandled: () => void
  /** Called when a paused partition can take messages again. */
  readonly onRoom: (partition: Partition) => void
}

/** Delivers the messages of a member's partitions to the handler, several at once. */
export class Dispatcher {
  readonly #options: DispatcherOptions
  readonly #partitions = new Map<number, Partition>()
  readonly #running = new Set<Promise<void>>()
  #turn = 0
  #isStopped = false
  #progressAt = performance.now()

  constructor(options: DispatcherOptions) {
    this.#options = options
  }

  get assigned(): Partition[] {
    return [...this.#partitions.values()].filter(({ isAssigned }) => isAssigned)
  }
  get inProgress(): number {
    return this.#running.size
  }
  get waiting(): number {
    return this.assigned.reduce((sum, { waiting }) => sum + waiting, 0)
  }
  /** Milliseconds since the last event was handled; 0 if there is none to handle. */
  get progressAge(): number {
    return this.#isIdle ? 0 : performance.now() - this.#progressAt
  }
  get #isIdle(): boolean {
    return this.inProgress === 0 && this.waiting === 0
  }

  /** Sets the assigned partitions. Returns whether they changed. */
  assign(indexes: readonly number[]): boolean {
    const before = new Set(this.assigned.map(({ index }) => index))
    for (const partition of this.assigned) if (!indexes.includes(partition.index)) partition.revoke()
    for (const index of indexes) {
      if (!this.#partitions.has(index)) this.#partitions.set(index, new Partition(index))
      this.#partitions.get(index)!.assign()
    }
    return before.size !== indexes.length || indexes.some((index) => !before.has(index))
  }

  partition(index: number): Partition | undefined {
    const partition = this.#partitions.get(index)
    return partition?.isAssigned ? partition : undefined
  }

  accept(partition: Partition, messages: readonly Incoming[], next: number, end: number): void {
    if (this.#isIdle) this.#progressAt = performance.now()
    partition.accept(messages, next, end)
    this.#dispatch()
  }

  /** Starts no further deliveries. */
  stop(): void {
    this.#isStopped = true
  }

  /** Waits up to `ms` milliseconds for the deliveries in progress. */
  async waitForRunning(ms: number): Promise<void> {
    const timer = new AbortController()
    await Promise.race([Promise.all(this.#running), pause(ms, timer.signal)])
    timer.abort()
  }

  #dispatch(): void {
    while (!this.#isStopped && this.#running.size < this.#options.concurrency) {
      const partition = this.#nextPartition()
      const message = partition?.take()
      if (!partition || !message) return
      if (partition.isPaused && partition.isLow) this.#options.onRoom(partition)
      const handling = this.#handle(partition, message).finally(() => {
        this.#running.delete(handling)
        this.#dispatch()
      })
      this.#running.add(handling)
    }
  }

  /** Alternates between partitions, so that a full one does not delay the others. */
  #nextPartition(): Partition | undefined {
    const withWork = this.assigned.filter(({ waiting }) => waiting > 0)
    return withWork[this.#turn++ % withWork.length]
  }

  async #handle(partition: Partition, message: Incoming): Promise<void> {
    if (!(await this.#options.deliver(message, partition))) return partition.putBack(message)
    partition.finish(message)
    this.#progressAt = performance.now()
    this.#options.onHandled()
  }
}
