import { CairnError } from '@cairn/kernel'
import kafkajs, { type Producer } from 'kafkajs'
import { pauseAfter } from '../redelivery.ts'
import { newClient } from './client.ts'
import { pause, within } from './deadline.ts'
import { busFailed, reasonOf } from './failure.ts'
import { sizeOf, type Outgoing } from './message.ts'
import type { KafkaSettings } from './settings.ts'

const MAX_MESSAGES = 1_000
const FIRST_PAUSE_MS = 100
/** How long to wait for an unknown topic: not all brokers know a new topic at once. */
const UNKNOWN_TOPIC_MS = 3_000

export interface ProducerStatus {
  readonly topic: string
  /** Number of events that are being sent or wait to be sent. */
  readonly waiting: number
  /** Message of the last error; undefined after a successful send. */
  readonly lastFailure: string | undefined
}

/** One call of `send`. */
interface Call extends PromiseWithResolvers<void> {
  readonly since: number
  /** Number of its messages that are not sent. */
  remaining: number
}
interface Waiting {
  readonly message: Outgoing
  readonly bytes: number
  readonly call: Call
}
interface Producing {
  readonly producer: Producer
  /** Partitions of the messages of the current send. */
  readonly unanswered: Set<number>
}

/**
 * Sends messages to one topic, with idempotence and acknowledgement by all replicas. Messages that arrive during a send
 * are batched into the next one.
 *
 * There is only one send at a time, and a producer is discarded after a failed send: the client reuses the sequence
 * numbers of failed messages. If the broker did receive the failed messages, it takes the next ones for duplicates, and
 * acknowledges them without storing them.
 */
export class TopicProducer {
  readonly #topic: string
  readonly #settings: KafkaSettings
  #waiting: Waiting[] = []
  #isSending = false
  /** Number of messages to send one by one, because their batch was too large for the broker. */
  #singly = 0
  #producing: Promise<Producing> | undefined
  #lastFailure: string | undefined

  constructor(topic: string, settings: KafkaSettings) {
    this.#topic = topic
    this.#settings = settings
  }

  /**
   * Sends messages. Resolves once all replicas have stored all of them.
   *
   * @param withinMs how long the messages may wait to be batched with others, in milliseconds
   * @throws CairnError BUS_FAILED after `settings.timeout`; BAD_OUTPUT if a message is too large for the topic
   */
  send(messages: readonly Outgoing[], withinMs = 0): Promise<void> {
    const sized = messages.map((message) => ({ message, bytes: sizeOf(message) }))
    if (sized.length === 0) return Promise.resolve()
    const call: Call = { ...Promise.withResolvers<void>(), since: performance.now(), remaining: sized.length }
    for (const { message, bytes } of sized) this.#waiting.push({ message, bytes, call })
    if (withinMs === 0) void this.#sendWaiting()
    else setTimeout(() => void this.#sendWaiting(), withinMs)
    return call.promise
  }

  status(): ProducerStatus {
    return { topic: this.#topic, waiting: this.#waiting.length, lastFailure: this.#lastFailure }
  }

  /** Waits until all messages are sent or have failed, then disconnects. */
  async close(): Promise<void> {
    await Promise.allSettled(new Set(this.#waiting.map(({ call }) => call.promise)))
    await this.#discard()
  }

  async #sendWaiting(): Promise<void> {
    if (this.#isSending) return
    this.#isSending = true
    await Promise.resolve() // batches what is published in the same turn of the event loop
    for (let failures = 0; this.#waiting.length > 0;) {
      const batch = this.#nextBatch()
      try {
        await this.#send(batch)
        this.#waiting.splice(0, batch.length)
        for (const { call } of batch) if (--call.remaining === 0) call.resolve()
        failures = 0
        this.#lastFailure = undefined
      } catch (error) {
        void this.#discard()
        this.#lastFailure = reasonOf(error).message
        this.#rejectExpired(batch, error)
        if (this.#singly === 0) await pause(pauseAfter(++failures, FIRST_PAUSE_MS))
      }
    }
    this.#isSending = false
  }

  #nextBatch(): Waiting[] {
    if (this.#singly > 0) {
      this.#singly--
      return this.#waiting.slice(0, 1)
    }
    let bytes = 0
    const end = this.#waiting.findIndex((waiting, index) => {
      bytes += waiting.bytes
      return index > 0 && (index === MAX_MESSAGES || bytes > this.#settings.maxEventBytes)
    })
    return this.#waiting.slice(0, end < 0 ? undefined : end)
  }

  async #send(batch: readonly Waiting[]): Promise<void> {
    const left = Math.min(...batch.map(({ call }) => call.since)) + this.#settings.timeout - performance.now()
    await within(left, this.#sendOnce(batch), `sending to ${this.#topic}`)
  }

  async #sendOnce(batch: readonly Waiting[]): Promise<void> {
    const producing = (this.#producing ??= this.#connect())
    const { producer, unanswered } = await producing
    unanswered.clear()
    try {
      const messages = batch.map(({ message }) => message)
      const timeout = this.#settings.requestTimeout
      const kept = await producer.send({ topic: this.#topic, acks: -1, timeout, messages })
      for (const { partition } of kept) unanswered.delete(partition)
    } finally {
      // A producer that was discarded may have reconnected for a retry.
      if (this.#producing !== producing) void producer.disconnect().catch(() => {})
    }
    // If a partition moves to a broker that has already answered for other partitions, the client takes that answer for
    // this partition, too: https://github.com/tulios/kafkajs/pull/1798
    if (unanswered.size > 0)
      throw new Error(`no broker answered for partition ${[...unanswered].join()} of ${this.#topic}`)
  }

  async #connect(): Promise<Producing> {
    const unanswered = new Set<number>()
    const producer = newClient(this.#settings).producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      retry: { retries: 1 }, // 0 is not allowed; this class retries instead
      createPartitioner: () => {
        const partitionOf = kafkajs.Partitioners.DefaultPartitioner()
        return (message) => {
          const partition = partitionOf(message)
          unanswered.add(partition)
          return partition
        }
      },
    })
    await producer.connect()
    return { producer, unanswered }
  }

  async #discard(): Promise<void> {
    const producing = this.#producing
    this.#producing = undefined
    if (!producing) return
    const disconnected = producing.then(({ producer }) => producer.disconnect())
    await within(this.#settings.requestTimeout, disconnected, 'disconnecting').catch(() => {})
  }

  /** Rejects calls that have timed out or cannot succeed. */
  #rejectExpired(batch: readonly Waiting[], error: unknown): void {
    const { type } = reasonOf(error)
    const now = performance.now()
    const isOver = ({ since }: Call): boolean => {
      if (type === 'UNKNOWN_TOPIC_OR_PARTITION')
        return now - since >= Math.min(UNKNOWN_TOPIC_MS, this.#settings.timeout)
      return type?.endsWith('AUTHORIZATION_FAILED') || now - since >= this.#settings.timeout - 1
    }
    if (isTooLarge(type)) {
      if (batch.length > 1) this.#singly = batch.length
      else this.#reject((call) => call === batch[0]!.call, tooLarge(this.#topic, batch[0]!.bytes, error))
    } else this.#reject(isOver, busFailed(this.#settings.brokers, `cannot publish to topic ${this.#topic}`, error))
  }

  #reject(which: (call: Call) => boolean, error: CairnError): void {
    const calls = new Set(this.#waiting.map(({ call }) => call).filter(which))
    this.#waiting = this.#waiting.filter(({ call }) => !calls.has(call))
    for (const call of calls) call.reject(error)
  }
}

function isTooLarge(type: string | undefined): boolean {
  return type === 'MESSAGE_TOO_LARGE' || type === 'RECORD_LIST_TOO_LARGE'
}

/** Creates the error for an event that is too large. It is not BUS_FAILED, because a retry cannot succeed. */
export function tooLarge(topic: string, bytes: number, cause?: unknown): CairnError {
  return new CairnError('BAD_OUTPUT', `an event of ${bytes} bytes exceeds the message limit of topic ${topic}`, {
    cause,
    next: 'reduce the number of outputs of the step, or raise max.message.bytes of the topic and maxEventBytes of the bus',
  })
}
