import { Server, type CustomTransportStrategy, type MessageHandler } from '@nestjs/microservices'
import { lastValueFrom } from 'rxjs'
import {
  checkConsumeOptions,
  consumeOptionsIn,
  consumer,
  groupOf,
  type ConsumeOptions,
  type ConsumerHost,
} from '@cairn/consumer'
import { CairnError, type Pipeline } from '@cairn/kernel'
import { requireOf, topicOf, type CairnEvent, type SubscribeOptions } from '@cairn/records'
import type { Listening } from './on-stage.ts'

/** The options of `CairnStrategy`. All except the host are defaults for `@OnStage`. */
export interface StrategyOptions extends ConsumerHost, Partial<ConsumeOptions> {
  readonly pipeline?: Pipeline
  /** Receives every event of a pipeline, without a controller: `handle` of an engine. */
  readonly engine?: {
    readonly pipeline: string
    readonly options: SubscribeOptions
    readonly handle: (event: CairnEvent) => Promise<void>
  }
}

/** Delivers events of an event bus to an engine and to handlers of Nest controllers, and returns their errors to the bus. */
export class CairnStrategy extends Server implements CustomTransportStrategy {
  override readonly transportId = Symbol.for('cairn')
  override readonly propagatesEventHandlerErrors = true
  readonly #options: StrategyOptions
  readonly #closing: (() => Promise<void>)[] = []
  /** The events that handlers already listen to. */
  readonly #handled = new Set<string>()

  constructor(options: StrategyOptions) {
    super()
    checkConsumeOptions(consumeOptionsIn(options), 'CairnStrategy')
    this.#options = options
  }

  async listen(ready: (error?: unknown) => void): Promise<void> {
    try {
      await this.#subscribeEngine()
      for (const first of this.messageHandlers.values())
        for (let handler: MessageHandler | undefined = first; handler; handler = handler.next)
          await this.#subscribe(handler)
      ready()
    } catch (error) {
      await this.close()
      ready(error)
    }
  }

  /** Stops taking new events and waits for running handlers, up to the time limit of the bus. */
  async close(): Promise<void> {
    await Promise.all(this.#closing.splice(0).map((close) => close()))
  }

  on(): never {
    throw new Error('the Cairn event bus does not emit client events')
  }

  unwrap<Bus>(): Bus {
    return this.#options.bus as Bus
  }

  async #subscribeEngine(): Promise<void> {
    const { env, bus, engine } = this.#options
    if (!engine) return
    const { pipeline, options, handle } = engine
    const subscription = await bus.subscribe(topicOf({ env, pipeline }), options, async (event) => {
      requireOf({ env, pipeline }, event)
      await handle(event)
    })
    this.#closing.push(() => subscription.close())
  }

  async #subscribe(handler: MessageHandler): Promise<void> {
    const listening = handler.extras?.['cairn'] as Listening | undefined
    const handle = async (event: unknown): Promise<void> => {
      const result = this.transformToObservable(await handler(event))
      await lastValueFrom(result, { defaultValue: undefined })
    }
    if (listening) return this.#listenToStage(listening, handle)
    throw new CairnError('BAD_DEFINITION', 'a handler does not name the step that it listens to', {
      next: 'declare it with @OnStage(step, "completed")',
    })
  }

  async #listenToStage({ step, on, options }: Listening, handle: (event: unknown) => Promise<void>): Promise<void> {
    const { env, bus, store, pipeline: ofAll } = this.#options
    const defaults: Partial<ConsumeOptions> = consumeOptionsIn(this.#options)
    const { pipeline = ofAll, group, from, ...rest } = { ...defaults, ...options }
    if (!pipeline || group === undefined || from === undefined)
      throw new CairnError('BAD_DEFINITION', `the handler of ${step.name} has no pipeline, group or start position`, {
        next: 'pass them to CairnStrategy or to @OnStage: { pipeline, group: "notifier", from: "now" }',
      })
    const place = `${pipeline.name} ${groupOf(group, step, on)}`
    if (this.#handled.has(place))
      throw new CairnError(
        'BAD_DEFINITION',
        `group "${group}" has two handlers for the "${on}" events of ${step.name}, and each would receive only some of them`,
        {
          next: 'use another group for one of them: @OnStage(step, on, { group: "…" })',
        },
      )
    this.#handled.add(place)
    const listener = consumer({ env, bus, store }, { ...rest, group, from })
    await listener.subscribe(pipeline, step, handle, { on })
    this.#closing.push(listener.close)
  }
}
