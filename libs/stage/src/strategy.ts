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
import { requireOf, topicOf, type SubscribeOptions } from '@cairn/records'
import type { Listening } from './on-stage.ts'

/** Besides the host: what `@OnStage` takes, for handlers that leave it out. */
export interface StrategyOptions extends ConsumerHost, Partial<ConsumeOptions> {
  readonly pipeline?: Pipeline
  /** What an engine's host listens to. */
  readonly engine?: { readonly pipeline: string; readonly options: SubscribeOptions }
}

/** Brings events from any event bus to the handlers of Nest controllers, and what a handler rejects back to the bus. */
export class CairnStrategy extends Server implements CustomTransportStrategy {
  override readonly transportId = Symbol.for('cairn')
  override readonly propagatesEventHandlerErrors = true
  readonly #options: StrategyOptions
  readonly #closing: (() => Promise<void>)[] = []
  /** What handlers listen to already. */
  readonly #taken = new Set<string>()

  constructor(options: StrategyOptions) {
    super()
    checkConsumeOptions(consumeOptionsIn(options), 'CairnStrategy')
    this.#options = options
  }

  async listen(ready: (error?: unknown) => void): Promise<void> {
    try {
      for (const first of this.messageHandlers.values())
        for (let handler: MessageHandler | undefined = first; handler; handler = handler.next)
          await this.#subscribe(handler)
      ready()
    } catch (error) {
      await this.close()
      ready(error)
    }
  }

  /** Takes no new events and waits for the handlers at work, as long as the bus lets them. */
  async close(): Promise<void> {
    await Promise.all(this.#closing.splice(0).map((close) => close()))
  }

  on(): never {
    throw new Error('the event bus has no events of its own')
  }

  unwrap<Bus>(): Bus {
    return this.#options.bus as Bus
  }

  async #subscribe(handler: MessageHandler): Promise<void> {
    const listening = handler.extras?.['cairn'] as Listening | undefined
    const handle = async (event: unknown): Promise<void> => {
      const result = this.transformToObservable(await handler(event))
      await lastValueFrom(result, { defaultValue: undefined })
    }
    if (listening?.to === 'engine') return this.#listenAsEngine(handle)
    if (listening?.to === 'stage') return this.#listenToStage(listening, handle)
    throw new CairnError('BAD_DEFINITION', 'a handler does not say which step it listens to', {
      next: 'declare it with @OnStage(step, "completed")',
    })
  }

  async #listenAsEngine(handle: (event: unknown) => Promise<void>): Promise<void> {
    const { env, bus, engine } = this.#options
    if (!engine) throw new CairnError('BAD_DEFINITION', 'CairnStrategy is not told what the engine listens to')
    const { pipeline, options } = engine
    const subscription = await bus.subscribe(topicOf({ env, pipeline }), options, async (event) => {
      requireOf({ env, pipeline }, event)
      await handle(event)
    })
    this.#closing.push(() => subscription.close())
  }

  async #listenToStage(
    { step, on, options }: Listening & { readonly to: 'stage' },
    handle: (event: unknown) => Promise<void>,
  ): Promise<void> {
    const { env, bus, store, pipeline: ofAll } = this.#options
    const defaults: Partial<ConsumeOptions> = consumeOptionsIn(this.#options)
    const { pipeline = ofAll, group, from, ...rest } = { ...defaults, ...options }
    if (!pipeline || group === undefined || from === undefined)
      throw new CairnError('BAD_DEFINITION', `the handler of ${step.name} names no pipeline, group or start`, {
        next: 'give them to CairnStrategy, or to @OnStage: { pipeline, group: "notifier", from: "now" }',
      })
    const place = `${pipeline.name} ${groupOf(group, step, on)}`
    if (this.#taken.has(place))
      throw new CairnError('BAD_DEFINITION', `two handlers of group "${group}" would share what ${step.name} ${on}`, {
        next: 'give one of them a group of its own: @OnStage(step, on, { group: "…" })',
      })
    this.#taken.add(place)
    const listener = consumer({ env, bus, store }, { ...rest, group, from })
    await listener.subscribe(pipeline, step, handle, { on })
    this.#closing.push(listener.close)
  }
}
