import type { CairnEvent } from '@cairn/records'
import { pauseAfter } from '../redelivery.ts'
import { isForOthers } from './dead-letters.ts'
import { pause, within } from './deadline.ts'
import { busFailed, reasonOf } from './failure.ts'
import { Fetcher } from './fetcher.ts'
import { copyOf, readEvent, type Incoming } from './message.ts'
import type { KafkaSettings } from './settings.ts'
import type { SubscriptionStatus } from './subscription.ts'

const FIRST_PAUSE_MS = 100

/**
 * Delivers all new events of a topic to this process, without a consumer group or committed offsets. After an outage of
 * the brokers, it continues where it was. Ignores messages that are not valid events.
 */
export class Listener {
  readonly #settings: KafkaSettings
  readonly #topic: string
  readonly #onEvent: (event: CairnEvent) => void
  readonly #closing = new AbortController()
  readonly #ready = Promise.withResolvers<void>()
  #running = Promise.resolve()
  #positions: Map<number, number> | undefined
  #lastAnswerAt = performance.now()
  #isConnected = false
  #lastFailure: string | undefined

  constructor(settings: KafkaSettings, topic: string, onEvent: (event: CairnEvent) => void) {
    this.#settings = settings
    this.#topic = topic
    this.#onEvent = onEvent
  }

  /**
   * Connects. Resolves once it has a position from which it misses no event.
   *
   * @throws CairnError BUS_FAILED if that takes longer than `settings.timeout`
   */
  async open(): Promise<void> {
    this.#running = this.#run()
    try {
      await within(this.#settings.timeout, this.#ready.promise, 'connecting')
    } catch (error) {
      await this.close()
      const reason = this.#lastFailure === undefined ? error : new Error(this.#lastFailure, { cause: error })
      throw busFailed(this.#settings.brokers, `cannot listen to topic ${this.#topic}`, reason)
    }
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#running
  }

  status(): SubscriptionStatus {
    return {
      topic: this.#topic,
      group: '',
      connected: this.#isConnected,
      heartbeatAge: performance.now() - this.#lastAnswerAt,
      progressAge: 0,
      partitions: [...(this.#positions?.keys() ?? [])],
      paused: 0,
      inProgress: 0,
      waiting: 0,
      lag: 0,
      deadLetters: 0,
      standstills: [],
      lastFailure: this.#lastFailure,
    }
  }

  async #run(): Promise<void> {
    const closing = this.#closing.signal
    for (let failures = 0; !closing.aborted;) {
      const fetcher = new Fetcher(this.#settings, this.#topic)
      try {
        await fetcher.connect()
        this.#positions ??= await fetcher.offsets('now')
        while (!closing.aborted) {
          await this.#fetch(fetcher, this.#positions)
          failures = 0
        }
      } catch (error) {
        const { message, type } = reasonOf(error)
        this.#lastFailure = message
        // The topic was recreated, or events have expired before they were read.
        if (type === 'OFFSET_OUT_OF_RANGE') this.#positions = await fetcher.offsets('beginning').catch(() => undefined)
      } finally {
        this.#isConnected = false
        await fetcher.close()
      }
      await pause(pauseAfter(++failures, FIRST_PAUSE_MS), closing)
    }
  }

  async #fetch(fetcher: Fetcher, positions: Map<number, number>): Promise<void> {
    for (const partition of fetcher.partitions) if (!positions.has(partition)) positions.set(partition, 0)
    const batches = await fetcher.fetch(positions)
    this.#isConnected = true
    this.#lastAnswerAt = performance.now()
    this.#lastFailure = undefined
    this.#ready.resolve()
    for (const { messages } of batches) for (const message of messages) this.#deliver(copyOf(message))
  }

  #deliver(message: Incoming): void {
    if (isForOthers(message, undefined)) return
    let event: CairnEvent
    try {
      event = readEvent(message)
    } catch {
      return // the groups of the topic write it to the dead letters
    }
    this.#onEvent(event)
  }
}
