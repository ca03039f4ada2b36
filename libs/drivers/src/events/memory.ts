import { hash } from 'node:crypto'
import { channels, type CairnEvent, type EventBus, type SubscribeOptions, type Subscription } from '@cairn/records'
import { isOutage, pauseAfter } from './redelivery.ts'

export interface MemoryBusOptions {
  /** Partitions of each topic. Default: 4. */
  readonly partitions?: number
  /** Keeps events that every group has handled, for later groups. Default: false. */
  readonly retain?: boolean
  /** How often an event that its handler rejects is delivered before it is given up. Default: 5. */
  readonly deliveries?: number
  /** Redelivers without limit during an outage. If false, an outage counts like any other error. Default: true. */
  readonly waitForOutages?: boolean
  /** Milliseconds before the second delivery; doubled before each next one, up to 5 s. Default: 20. */
  readonly redeliverAfter?: number
}

/**
 * An event bus within one process that behaves like Kafka: it serializes events, partitions them by key, delivers each
 * one asynchronously to one member of every group, in no guaranteed order, and delivers it again until the handler
 * resolves.
 */
export function memoryBus(options: MemoryBusOptions = {}): EventBus {
  const topics = new Map<string, Topic>()
  const topic = (name: string) => {
    if (!topics.has(name)) topics.set(name, new Topic(options))
    return topics.get(name)!
  }
  return {
    system: 'memory',
    publish: async (name, events) => topic(name).append(events),
    async subscribe(name, subscribed, handler) {
      const onPoison = (event: CairnEvent, error: unknown) => {
        channels.deadLetter.publish({ topic: name, group: subscribed.group, event, error })
        subscribed.onPoison?.(event, error)
      }
      return topic(name).join({ ...subscribed, onPoison }, handler)
    },
  }
}

interface Member {
  readonly options: SubscribeOptions
  readonly handler: (event: CairnEvent) => Promise<void>
  readonly inProgress: Set<Promise<void>>
}

class Topic {
  readonly #options: Required<MemoryBusOptions>
  readonly #partitions: Partition[]
  readonly #groups = new Map<string, Group>()

  constructor({
    partitions = 4,
    retain = false,
    deliveries = 5,
    redeliverAfter = 20,
    waitForOutages = true,
  }: MemoryBusOptions) {
    this.#options = { partitions, retain, deliveries, redeliverAfter, waitForOutages }
    this.#partitions = Array.from({ length: partitions }, () => ({ start: 0, log: [] }))
  }

  append(events: readonly CairnEvent[]): void {
    for (const event of events)
      this.#partitions[this.#partitionOf(event)]!.log.push({ text: JSON.stringify(event), at: Date.now() })
    for (const group of this.#groups.values()) group.schedule()
    if (this.#groups.size === 0) this.#trim()
  }

  join(options: SubscribeOptions, handler: Member['handler']): Subscription {
    const known = this.#groups.get(options.group)
    const group = known ?? new Group(this.#partitions, options.from, this.#options, () => this.#trim())
    this.#groups.set(options.group, group)
    return group.join({ options, handler, inProgress: new Set() })
  }

  #partitionOf({ partitionkey }: CairnEvent): number {
    return this.#partitions.length === 1
      ? 0
      : Number.parseInt(hash('sha1', partitionkey).slice(0, 8), 16) % this.#partitions.length
  }

  /** Drops events that every group has handled. */
  #trim(): void {
    if (this.#options.retain) return
    this.#partitions.forEach((partition, index) => {
      const behind = Math.min(
        partition.start + partition.log.length,
        ...[...this.#groups.values()].map((group) => group.committed(index)),
      )
      // Removing the front of an array moves the rest, so at least half of it must go.
      if ((behind - partition.start) * 2 < partition.log.length) return
      partition.log.splice(0, behind - partition.start)
      partition.start = behind
    })
  }
}

interface Partition {
  /** Offset of the first event in `log`. */
  start: number
  log: { readonly text: string; readonly at: number }[]
}

/** Returns the index of the first event that a new group receives. */
function firstIndex(log: Partition['log'], from: SubscribeOptions['from']): number {
  if (from === 'beginning') return 0
  if (from === 'now') return log.length
  const index = log.findIndex(({ at }) => at >= from.time)
  return index < 0 ? log.length : index
}

/** The members of a group, and its progress through the partitions of a topic. */
class Group {
  readonly #partitions: readonly Partition[]
  readonly #options: Required<MemoryBusOptions>
  readonly #trim: () => void
  readonly #members: Member[] = []
  /**
   * By partition: `committed`, below which all offsets are handled; `next` to deliver; those `done` above `committed`.
   */
  readonly #progress: { committed: number; next: number; done: Set<number> }[]
  #isScheduled = false

  constructor(
    partitions: readonly Partition[],
    from: SubscribeOptions['from'],
    options: Required<MemoryBusOptions>,
    trim: () => void,
  ) {
    this.#partitions = partitions
    this.#options = options
    this.#trim = trim
    this.#progress = partitions.map(({ start, log }) => {
      const offset = start + firstIndex(log, from)
      return { committed: offset, next: offset, done: new Set() }
    })
  }

  committed(partition: number): number {
    return this.#progress[partition]!.committed
  }

  join(member: Member): Subscription {
    this.#members.push(member)
    this.#reassigned()
    this.schedule()
    return {
      close: async () => {
        this.#members.splice(this.#members.indexOf(member), 1)
        await Promise.allSettled(member.inProgress)
        this.#reassigned()
        // The other members get the events that this one did not handle.
        for (const progress of this.#progress) progress.next = progress.committed
        this.schedule()
      },
    }
  }

  #reassigned(): void {
    for (const { options } of this.#members) options.onReassigned?.()
  }

  /** Delivers in a later turn of the event loop, so that no handler runs inside `publish` and I/O is not starved. */
  schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      this.#partitions.forEach((_, index) => this.#deliverNext(index))
    })
  }

  #deliverNext(index: number): void {
    const progress = this.#progress[index]!
    const { start, log } = this.#partitions[index]!
    const member = this.#members[index % this.#members.length]
    const limit = member?.options.concurrency ?? Infinity
    while (member && progress.next < start + log.length && member.inProgress.size < limit) {
      const offset = progress.next++
      if (progress.done.has(offset)) continue
      const work = this.#deliverEvent(member, log[offset - start]!.text).then((handled) => {
        member.inProgress.delete(work)
        if (handled) this.#commit(index, offset)
        this.schedule()
      })
      member.inProgress.add(work)
    }
  }

  /** Delivers an event until it is handled or given up. Resolves with false if the member left before that. */
  async #deliverEvent(member: Member, text: string): Promise<boolean> {
    const { waitForOutages } = this.#options
    const { deliveries, redeliverAfter } = { ...this.#options, ...overrides(member.options) }
    for (let delivery = 1; ; delivery++) {
      const event = JSON.parse(text) as CairnEvent
      try {
        await member.handler(event)
        return true
      } catch (error) {
        if (!this.#members.includes(member)) return false
        if (delivery >= deliveries && !(waitForOutages && isOutage(error))) {
          member.options.onPoison?.(event, error)
          return true
        }
        await new Promise((resume) => setTimeout(resume, pauseAfter(delivery, redeliverAfter)))
      }
    }
  }

  #commit(index: number, offset: number): void {
    const progress = this.#progress[index]!
    progress.done.add(offset)
    while (progress.done.delete(progress.committed)) progress.committed++
    this.#trim()
  }
}

/** Returns the options of a subscription that override those of the bus. */
function overrides({ deliveries, redeliverAfter }: SubscribeOptions): Partial<SubscribeOptions> {
  return { ...(deliveries !== undefined && { deliveries }), ...(redeliverAfter !== undefined && { redeliverAfter }) }
}
