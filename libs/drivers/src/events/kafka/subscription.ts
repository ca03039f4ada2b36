import { setMaxListeners } from 'node:events'
import { channels, errorRecord, type CairnEvent, type SubscribeOptions } from '@cairn/records'
import type { EachBatchPayload } from 'kafkajs'
import { isOutage, pauseAfter } from '../redelivery.ts'
import { committedOffsets, startOffsets } from './admin.ts'
import { Commits } from './commits.ts'
import { deadLetter, isForOthers } from './dead-letters.ts'
import { pause, within } from './deadline.ts'
import { deliver } from './delivery.ts'
import { Dispatcher } from './dispatcher.ts'
import { busFailed, reasonOf } from './failure.ts'
import { Member } from './member.ts'
import { copyOf, type Incoming, type Outgoing } from './message.ts'
import { groupIdOf } from './names.ts'
import type { Partition } from './partition.ts'
import type { KafkaSettings } from './settings.ts'
import { Standstills, type Standstill } from './standstills.ts'

export interface SubscriptionStatus {
  readonly topic: string
  readonly group: string
  /** Whether it is in its group and a heartbeat was answered within the session timeout. */
  readonly connected: boolean
  /** Milliseconds since the last answered heartbeat; undefined while there is no consumer. */
  readonly heartbeatAge: number | undefined
  /** Milliseconds since the last event was handled; 0 if there is none to handle. */
  readonly progressAge: number
  readonly partitions: readonly number[]
  /** Number of partitions whose fetching is paused. */
  readonly paused: number
  /** Number of events in progress. */
  readonly inProgress: number
  /** Number of fetched events that wait for a handler. */
  readonly waiting: number
  /** Number of events that are not handled, up to the last known offset. */
  readonly lag: number
  /** Number of dead letters that this subscription has written. */
  readonly deadLetters: number
  /** For each blocked partition: which event waits, since when, and for what. */
  readonly standstills: readonly Standstill[]
  /** Message of the last error; undefined once the subscription has recovered. */
  readonly lastFailure: string | undefined
}

export interface SubscriptionParts {
  readonly settings: KafkaSettings
  readonly topic: string
  readonly options: SubscribeOptions
  readonly handler: (event: CairnEvent) => Promise<void>
  readonly sendToDeadLetters: (letter: Outgoing) => Promise<void>
}

const CONCURRENCY = 100
const FIRST_PAUSE_MS = 100
/** How long a full partition may delay fetching before it is paused. Resuming it takes up to `fetchWait`. */
const MAX_FETCH_DELAY_MS = 50

/** Keeps one member in a group for one topic, and delivers its events to the handler. */
export class KafkaSubscription {
  readonly #parts: SubscriptionParts
  readonly #groupId: string
  readonly #dispatcher: Dispatcher
  readonly #commits: Commits
  readonly #closing = new AbortController()
  readonly #ready = Promise.withResolvers<void>()
  #running = Promise.resolve()
  #closed: Promise<void> | undefined
  #member: Member | undefined
  /** Number of the current assignment. */
  #assignment = 0
  /** Start offsets of a new group, for partitions without a committed offset. */
  #starts = new Map<number, number>()
  #positioned: Promise<void> | undefined
  #deadLetters = 0
  readonly #standstills: Standstills
  #lastFailure: string | undefined

  constructor(parts: SubscriptionParts) {
    const { settings, topic, options } = parts
    this.#parts = parts
    this.#groupId = groupIdOf(topic, options.group)
    this.#dispatcher = new Dispatcher({
      concurrency: options.concurrency ?? CONCURRENCY,
      deliver: (message, partition) => this.#deliver(message, partition),
      onHandled: () => this.#commits.soon(),
      onRoom: (partition) => this.#setPaused(partition, false),
    })
    this.#standstills = new Standstills((standstill, isOver) => {
      channels.standstill.publish({ topic, group: options.group, ...standstill, isOver })
      this.#commits.soon()
    })
    this.#commits = new Commits({
      noteOf: (partition) => this.#standstills.in(partition),
      partitions: () => this.#dispatcher.assigned,
      member: () => this.#member,
      interval: settings.commitInterval,
      timeout: settings.requestTimeout,
      closing: this.#closing.signal,
    })
    setMaxListeners(0, this.#closing.signal)
  }

  /**
   * Joins the group. Resolves once the group has a position from which it misses no event.
   *
   * @throws CairnError BUS_FAILED if that takes longer than `settings.timeout`
   */
  async open(): Promise<void> {
    const { settings, topic, options } = this.#parts
    this.#starts = new Map(await startOffsets(settings, topic, this.#groupId, options))
    this.#running = this.#runMembers()
    try {
      await within(settings.timeout, this.#ready.promise, 'joining')
    } catch (error) {
      const reason = this.#lastFailure === undefined ? error : new Error(this.#lastFailure, { cause: error })
      await this.close()
      throw busFailed(settings.brokers, `cannot subscribe to topic ${topic} as group ${this.#groupId}`, reason)
    }
  }

  close(): Promise<void> {
    return (this.#closed ??= this.#close())
  }

  status(): SubscriptionStatus {
    const { assigned, inProgress, waiting, progressAge } = this.#dispatcher
    return {
      topic: this.#parts.topic,
      group: this.#parts.options.group,
      connected: this.#member?.isConnected ?? false,
      heartbeatAge: this.#member?.heartbeatAge,
      progressAge,
      partitions: assigned.map(({ index }) => index),
      paused: assigned.filter(({ isPaused }) => isPaused).length,
      inProgress,
      waiting,
      lag: assigned.reduce((sum, { lag }) => sum + lag, 0),
      deadLetters: this.#deadLetters,
      standstills: this.#standstills.all,
      lastFailure: this.#lastFailure,
    }
  }

  async #close(): Promise<void> {
    this.#closing.abort()
    this.#dispatcher.stop()
    for (const partition of this.#dispatcher.assigned) this.#setPaused(partition, true)
    await this.#dispatcher.waitForRunning(this.#parts.settings.closeTimeout)
    await this.#commits.now().catch(() => {}) // if this fails, other members get the events again
    await this.#member?.leave()
    await this.#running
  }

  /** Replaces the member whenever it ends. */
  async #runMembers(): Promise<void> {
    const closing = this.#closing.signal
    for (let failures = 0; !closing.aborted;) {
      const member = new Member(this.#parts.settings, {
        topic: this.#parts.topic,
        groupId: this.#groupId,
        onAssigned: (partitions, isSameMember) => {
          failures = 0
          this.#assign(member, partitions, isSameMember)
        },
        onBatch: (payload) => this.#acceptBatch(payload),
        onRebalancing: () => void this.#commits.now().catch(() => {}),
      })
      this.#member = member
      await member.run().catch((error: unknown) => (this.#lastFailure = reasonOf(error).message))
      this.#member = undefined
      this.#assignment++
      this.#dispatcher.assign([])
      await pause(pauseAfter(++failures, FIRST_PAUSE_MS), closing)
    }
  }

  #assign(member: Member, partitions: readonly number[], isSameMember: boolean): void {
    this.#assignment++
    const hasChanged = this.#dispatcher.assign(partitions)
    for (const partition of this.#dispatcher.assigned) this.#setPaused(partition, partition.isFull)
    this.#positioned = member.untilRunning().then(() => this.#setStartOffsets(member, partitions))
    this.#positioned.then(
      () => {
        this.#lastFailure = undefined
        this.#ready.resolve()
        this.#commits.soon()
      },
      (error: unknown) => member.fail(error),
    )
    if (hasChanged || !isSameMember) this.#parts.options.onReassigned?.()
  }

  /**
   * Sets the start offsets of a new group. The consumer alone can start only at the beginning or the end. The admin
   * client takes five seconds to set offsets, and refuses while the group has members.
   */
  async #setStartOffsets(member: Member, partitions: readonly number[]): Promise<void> {
    const open = partitions.filter((partition) => this.#starts.has(partition))
    if (open.length === 0) return
    const { settings, topic } = this.#parts
    const committed = await committedOffsets(settings, topic, this.#groupId)
    for (const partition of open) member.seek(partition, committed.get(partition) ?? this.#starts.get(partition)!)
    const starts = open.filter((partition) => !committed.has(partition))
    if (starts.length > 0)
      await member.commit(starts.map((start) => ({ partition: start, offset: this.#starts.get(start)! })))
  }

  async #acceptBatch(payload: EachBatchPayload): Promise<void> {
    const { batch } = payload
    const assignment = this.#assignment
    await this.#positioned
    const partition = this.#dispatcher.partition(batch.partition)
    if (payload.isStale() || assignment !== this.#assignment || !partition || this.#closing.signal.aborted) return
    this.#starts.delete(batch.partition) // not earlier, or a pending seek would apply after the next assignment
    payload.resolveOffset(batch.lastOffset())
    this.#dispatcher.accept(
      partition,
      batch.messages.map(copyOf),
      Number(batch.lastOffset()) + 1,
      Number(batch.highWatermark),
    )
    this.#commits.soon()
    if (!partition.isFull) return
    await Promise.race([partition.untilLow(), pause(MAX_FETCH_DELAY_MS, this.#closing.signal)])
    if (partition.isAssigned && !partition.isLow) this.#setPaused(partition, true)
  }

  #setPaused(partition: Partition, isPaused: boolean): void {
    partition.isPaused = isPaused
    if (isPaused) this.#member?.pause([partition.index])
    else this.#member?.resume([partition.index])
  }

  #deliver(message: Incoming, partition: Partition): Promise<boolean> {
    if (isForOthers(message, this.#parts.options.group)) return Promise.resolve(true)
    const { settings, handler, options } = this.#parts
    const closing = this.#closing.signal
    const { offset } = message
    const since = Date.now()
    return deliver(message, {
      handler,
      deliveries: options.deliveries ?? settings.deliveries,
      redeliverAfter: options.redeliverAfter ?? settings.redeliverAfter,
      isAssigned: () => partition.isAssigned && !closing.aborted,
      closing,
      onWaiting: (error, event) =>
        this.#standstills.add({
          partition: partition.index,
          offset,
          event: event?.id,
          since,
          reason: reasonOf(error).message,
        }),
      sendToDeadLetters: (error, event) => this.#sendToDeadLetters(message, partition, error, event),
      onPoison: (event, error) => {
        try {
          options.onPoison?.(event, error)
        } catch (cause) {
          this.#lastFailure = `onPoison: ${errorRecord(cause).message}`
        }
      },
    }).finally(() => this.#standstills.remove(partition.index, offset))
  }

  async #sendToDeadLetters(
    message: Incoming,
    { index }: Partition,
    error: unknown,
    event: CairnEvent | undefined,
  ): Promise<void> {
    const { topic, options, settings, sendToDeadLetters } = this.#parts
    try {
      const at = { topic, partition: index, group: options.group }
      const letter = (maxBytes: number) => deadLetter(message, at, error, maxBytes)
      // If the brokers refuse the message, store the dead letter without its bytes.
      await sendToDeadLetters(letter(settings.maxEventBytes)).catch((refusal: unknown) => {
        if (isOutage(refusal)) throw refusal
        return sendToDeadLetters(letter(0))
      })
      this.#deadLetters++
      channels.deadLetter.publish({ topic, group: options.group, event, error })
    } catch (failure) {
      this.#lastFailure = reasonOf(failure).message
      throw failure
    }
  }
}
