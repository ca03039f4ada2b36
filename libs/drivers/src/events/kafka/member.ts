import type { Consumer, EachBatchPayload, Offsets as CommitPayload } from 'kafkajs'
import { newClient } from './client.ts'
import { within } from './deadline.ts'
import type { KafkaSettings } from './settings.ts'

export interface MemberOptions {
  readonly topic: string
  readonly groupId: string
  /** A member that rejoined with another member id may have missed changes of its partitions. */
  readonly onAssigned: (partitions: readonly number[], isSameMember: boolean) => void
  readonly onBatch: (payload: EachBatchPayload) => Promise<void>
  /** The last chance to commit before partitions are reassigned. */
  readonly onRebalancing: () => void
}

/** An offset to commit; `note` is stored as its metadata, for readers of the group's offsets. */
export interface Commit {
  readonly partition: number
  readonly offset: number
  readonly note?: string | undefined
}

/** Maximum time that `leave` waits for the client. */
const LEAVE_MS = 5_000

/**
 * One kafkajs consumer from joining its group to its end. Ends permanently if the client gives up or stops responding;
 * the subscription then creates a new member.
 */
export class Member {
  readonly #topic: string
  readonly #settings: KafkaSettings
  readonly #consumer: Consumer
  readonly #onBatch: MemberOptions['onBatch']
  readonly #end = Promise.withResolvers<void>()
  readonly #running = Promise.withResolvers<void>()
  #isOver = false
  #hasJoined = false
  #name: string | undefined
  #lastAnswerAt = performance.now()
  #commitOnce: ((offsets: CommitPayload) => Promise<void>) | undefined

  constructor(settings: KafkaSettings, { topic, groupId, onAssigned, onBatch, onRebalancing }: MemberOptions) {
    this.#topic = topic
    this.#settings = settings
    const { sessionTimeout, heartbeatInterval, fetchWait } = settings
    const consumer = newClient(settings).consumer({
      groupId,
      sessionTimeout,
      rebalanceTimeout: sessionTimeout,
      heartbeatInterval,
      // Heartbeats are sent between fetches, and a resumed partition is fetched only after the current fetch.
      maxWaitTimeInMs: fetchWait,
      maxBytesPerPartition: 262_144,
      metadataMaxAge: 60_000,
      allowAutoTopicCreation: false,
    })
    this.#consumer = consumer
    this.#onBatch = onBatch
    this.#end.promise.catch(() => {})
    this.#running.promise.catch(() => {})
    consumer.on(consumer.events.HEARTBEAT, () => void (this.#lastAnswerAt = performance.now()))
    consumer.on(consumer.events.REBALANCING, () => this.#guard(onRebalancing))
    consumer.on(consumer.events.CRASH, ({ payload }) => this.fail(payload.error))
    consumer.on(consumer.events.GROUP_JOIN, ({ payload: { memberId, memberAssignment } }) => {
      if (this.#isOver) return this.#disconnectSoon() // it failed while it was joining
      this.#lastAnswerAt = performance.now()
      this.#hasJoined = true
      const isSameMember = this.#name === memberId
      this.#name = memberId
      this.#guard(() => onAssigned(memberAssignment[topic] ?? [], isSameMember))
    })
  }

  /** Joins the group. Resolves after `leave`, rejects if the member fails. */
  async run(): Promise<void> {
    const timer = setInterval(() => this.#checkHeartbeat(), Math.min(this.#settings.heartbeatInterval, 1_000))
    this.#join().then(this.#running.resolve, (error: unknown) => this.fail(error))
    try {
      await this.#end.promise
    } finally {
      this.#isOver = true
      clearInterval(timer)
      this.#running.reject(new Error('the consumer has ended'))
      this.#disconnectSoon()
    }
  }

  /** Resolves once it has joined the group for the first time, so that it can commit. */
  untilRunning(): Promise<void> {
    return this.#running.promise
  }

  /** Milliseconds since the last answer of the group coordinator. */
  get heartbeatAge(): number {
    return performance.now() - this.#lastAnswerAt
  }
  get isConnected(): boolean {
    return this.#hasJoined && !this.#isOver && this.heartbeatAge < this.#settings.sessionTimeout
  }

  fail(error: unknown): void {
    this.#isOver = true
    this.#end.reject(error)
  }

  async leave(): Promise<void> {
    this.#isOver = true
    await within(LEAVE_MS, this.#consumer.disconnect(), 'leaving the group').catch(() => {})
    this.#end.resolve()
  }

  async commit(commits: readonly Commit[]): Promise<void> {
    if (this.#isOver) throw new Error('the consumer has ended')
    const topic = this.#topic
    const partitions = commits.map(({ partition, offset, note }) => ({
      partition,
      offset: String(offset),
      metadata: note ?? null,
    }))
    // `commitOffsets` retries, possibly under the next assignment, and would commit partitions of another member.
    if (this.#commitOnce) await this.#commitOnce({ topics: [{ topic, partitions }] })
    else await this.#consumer.commitOffsets(partitions.map((partition) => ({ topic, ...partition })))
  }

  seek(partition: number, offset: number): void {
    this.#consumer.seek({ topic: this.#topic, partition, offset: String(offset) })
  }

  pause(partitions: number[]): void {
    this.#guard(() => this.#consumer.pause([{ topic: this.#topic, partitions }]))
  }

  resume(partitions: number[]): void {
    this.#guard(() => this.#consumer.resume([{ topic: this.#topic, partitions }]))
  }

  async #join(): Promise<void> {
    await this.#consumer.connect()
    // For a group without an offset, or with an expired one: by default the client starts at the latest.
    await this.#consumer.subscribe({ topics: [this.#topic], fromBeginning: true })
    await this.#consumer.run({
      autoCommit: false,
      // The client would also resolve a batch after a reassignment, if another of its fetches has rejoined the group.
      eachBatchAutoResolve: false,
      // Must never reject: a TypeError thrown in here would stop the consumer permanently.
      eachBatch: async (payload) => {
        if (this.#isOver) return
        this.#commitOnce = (offsets) => payload.commitOffsetsIfNecessary(offsets)
        await this.#onBatch(payload).catch((error: unknown) => this.fail(error))
      },
    })
    if (!this.#hasJoined) await this.#end.promise // rejects with the reason
  }

  /** Catches errors of listeners, which the client would treat as its own. */
  #guard(work: () => void): void {
    try {
      work()
    } catch (error) {
      this.fail(error)
    }
  }

  /** Fails the member if it gets no answers: the client may then hang without reporting a crash. */
  #checkHeartbeat(): void {
    const maxAge = this.#settings.sessionTimeout * 2 + this.#settings.requestTimeout
    if (this.heartbeatAge > maxAge)
      this.fail(new Error(`the group's coordinator has not answered for ${Math.round(this.heartbeatAge / 1000)} s`))
  }

  #disconnectSoon(): void {
    setImmediate(() => void this.#consumer.disconnect().catch(() => {}))
  }
}
