import { CairnError } from '@cairn/kernel'
import kafkajs, { type Producer } from 'kafkajs'
import { pauseAfter } from '../redelivery.ts'
import { newClient } from './client.ts'
import { pause, within } from './deadline.ts'
import { busFailed, reasonOf } from './failure.ts'
import { sizeOf, type Outgoing } from './message.ts'
import type { Settings } from './settings.ts'

const MOST_MESSAGES = 1_000
const FIRST_PAUSE_MS = 100
/** How long a topic is waited for that the brokers do not know: a new one takes a moment to get around. */
const UNKNOWN_TOPIC_MS = 3_000

export interface ProducerStatus {
  readonly topic: string
  /** Events that are being sent, or wait for that. */
  readonly waiting: number
  /** What went wrong last, until a send has succeeded. */
  readonly lastFailure: string | undefined
}

/** One call of `send`. */
interface Call extends PromiseWithResolvers<void> {
  readonly since: number
  left: number
}
interface Waiting {
  readonly message: Outgoing
  readonly bytes: number
  readonly call: Call
}
interface Producing {
  readonly producer: Producer
  /** Partitions that messages of the present send go to. */
  readonly asked: Set<number>
}

/**
 * Sends to one topic, idempotently and to all replicas. What comes while a send is under way goes together in the next.
 *
 * There is never more than one send at a time, and a producer one of whose sends has failed is thrown away: the client
 * gives the numbers of messages that failed to the next ones, and if the broker has got the first after all, it takes
 * those for repetitions and acknowledges them without keeping them.
 */
export class TopicProducer {
  readonly #topic: string
  readonly #settings: Settings
  #waiting: Waiting[] = []
  #isSending = false
  /** Messages to send one by one, after together they were too large for the broker. */
  #singly = 0
  #producing: Promise<Producing> | undefined
  #lastFailure: string | undefined

  constructor(topic: string, settings: Settings) {
    this.#topic = topic
    this.#settings = settings
  }

  /**
   * Resolves once all of them are kept by all replicas.
   *
   * @param withinMs how long they may wait for others to go with
   */
  send(messages: readonly Outgoing[], withinMs = 0): Promise<void> {
    const sized = messages.map((message) => ({ message, bytes: sizeOf(message) }))
    if (sized.length === 0) return Promise.resolve()
    const call: Call = { ...Promise.withResolvers<void>(), since: performance.now(), left: sized.length }
    for (const { message, bytes } of sized) this.#waiting.push({ message, bytes, call })
    if (withinMs === 0) void this.#sendWaiting()
    else setTimeout(() => void this.#sendWaiting(), withinMs)
    return call.promise
  }

  status(): ProducerStatus {
    return { topic: this.#topic, waiting: this.#waiting.length, lastFailure: this.#lastFailure }
  }

  /** Waits, within its time, for what is being sent. */
  async close(): Promise<void> {
    await Promise.allSettled(new Set(this.#waiting.map(({ call }) => call.promise)))
    await this.#discard()
  }

  async #sendWaiting(): Promise<void> {
    if (this.#isSending) return
    this.#isSending = true
    await Promise.resolve() // for what is published in the same turn
    for (let failures = 0; this.#waiting.length > 0;) {
      const batch = this.#nextBatch()
      try {
        await this.#send(batch)
        this.#waiting.splice(0, batch.length)
        for (const { call } of batch) if (--call.left === 0) call.resolve()
        failures = 0
        this.#lastFailure = undefined
      } catch (error) {
        void this.#discard()
        this.#lastFailure = reasonOf(error).message
        this.#giveUp(batch, error)
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
      return index > 0 && (index === MOST_MESSAGES || bytes > this.#settings.maxEventBytes)
    })
    return this.#waiting.slice(0, end < 0 ? undefined : end)
  }

  async #send(batch: readonly Waiting[]): Promise<void> {
    const left = Math.min(...batch.map(({ call }) => call.since)) + this.#settings.timeout - performance.now()
    await within(left, this.#sendOnce(batch), `sending to ${this.#topic}`)
  }

  async #sendOnce(batch: readonly Waiting[]): Promise<void> {
    const producing = (this.#producing ??= this.#connect())
    const { producer, asked } = await producing
    asked.clear()
    try {
      const messages = batch.map(({ message }) => message)
      const timeout = this.#settings.requestTimeout
      const kept = await producer.send({ topic: this.#topic, acks: -1, timeout, messages })
      for (const { partition } of kept) asked.delete(partition)
    } finally {
      // One that was thrown away may have connected again to go on trying.
      if (this.#producing !== producing) void producer.disconnect().catch(() => {})
    }
    // When a partition moves to a broker that has answered for its others already, the client takes that for its answer:
    // https://github.com/tulios/kafkajs/pull/1798
    if (asked.size > 0) throw new Error(`no broker answered for partition ${[...asked].join()} of ${this.#topic}`)
  }

  async #connect(): Promise<Producing> {
    const asked = new Set<number>()
    const producer = newClient(this.#settings).producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      retry: { retries: 1 }, // none is not allowed; it is we who try again
      createPartitioner: () => {
        const partitionOf = kafkajs.Partitioners.DefaultPartitioner()
        return (message) => {
          const partition = partitionOf(message)
          asked.add(partition)
          return partition
        }
      },
    })
    await producer.connect()
    return { producer, asked }
  }

  async #discard(): Promise<void> {
    const producing = this.#producing
    this.#producing = undefined
    if (!producing) return
    const disconnected = producing.then(({ producer }) => producer.disconnect())
    await within(this.#settings.requestTimeout, disconnected, 'disconnecting').catch(() => {})
  }

  /** Rejects the calls that have waited long enough, or that no waiting helps. */
  #giveUp(batch: readonly Waiting[], error: unknown): void {
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

/** No outage: waiting does not make it smaller. */
export function tooLarge(topic: string, bytes: number, cause?: unknown): CairnError {
  return new CairnError('BAD_OUTPUT', `an event of ${bytes} bytes exceeds the message limit of topic ${topic}`, {
    cause,
    next: 'reduce the number of outputs of the step, or raise max.message.bytes of the topic and maxEventBytes of the bus',
  })
}
