import { Server, type CustomTransportStrategy, type MessageHandler } from '@nestjs/microservices'
import { lastValueFrom } from 'rxjs'
import { consumer, type ConsumeOptions, type ConsumerHost } from '@cairn/consumer'
import { CairnError, type Pipeline, type SubscribeOptions, type Subscription } from '@cairn/kernel/runtime'
import type { Listening } from './on-stage.ts'

export interface StrategyOptions extends ConsumerHost {
  /** Defaults for `@OnStage`. */
  readonly pipeline?: Pipeline
  readonly group?: string
  readonly from?: ConsumeOptions['from']
  /** What an engine's host listens to. */
  readonly engine?: { readonly topic: string; readonly options: SubscribeOptions }
}

/** Brings events from any event bus to the handlers of Nest controllers, and what a handler rejects back to the bus. */
export class CairnStrategy extends Server implements CustomTransportStrategy {
  override readonly transportId = Symbol.for('cairn')
  override readonly propagatesEventHandlerErrors = true
  readonly #options: StrategyOptions
  readonly #subscriptions: Subscription[] = []

  constructor(options: StrategyOptions) {
    super()
    this.#options = options
  }

  async listen(ready: (error?: unknown) => void): Promise<void> {
    try {
      for (const first of this.messageHandlers.values())
        for (let handler: MessageHandler | undefined = first; handler; handler = handler.next)
          this.#subscriptions.push(await this.#subscribe(handler))
      ready()
    } catch (error) {
      ready(error)
    }
  }

  /** Takes no new events and waits for the handlers at work, as long as the bus lets them. */
  async close(): Promise<void> {
    await Promise.all(this.#subscriptions.splice(0).map((subscription) => subscription.close()))
  }

  on(): never {
    throw new Error('the event bus has no events of its own')
  }

  unwrap<Bus>(): Bus {
    return this.#options.bus as Bus
  }

  #subscribe(handler: MessageHandler): Promise<Subscription> {
    const listening = handler.extras?.['cairn'] as Listening | undefined
    const handle = async (event: unknown): Promise<void> => {
      const result = this.transformToObservable(await handler(event))
      await lastValueFrom(result, { defaultValue: undefined })
    }
    if (listening?.to === 'engine') {
      const { topic, options } = this.#options.engine!
      return this.#options.bus.subscribe(topic, options, handle)
    }
    if (listening?.to !== 'stage')
      throw new CairnError('BAD_DEFINITION', 'a handler does not say which step it listens to', {
        next: 'declare it with @OnStage(step, "completed")',
      })
    const { step, on, options } = listening
    const { pipeline, group, from } = { ...this.#options, ...options }
    if (!pipeline || group === undefined || from === undefined)
      throw new CairnError('BAD_DEFINITION', `the handler of ${step.name} names no pipeline, group or start`, {
        next: 'give them to CairnStrategy, or to @OnStage: { pipeline, group: "notifier", from: "now" }',
      })
    return consumer(this.#options).subscribe(pipeline, step, { ...options, group, from, on }, handle)
  }
}
