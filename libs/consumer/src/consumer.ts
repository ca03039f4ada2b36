import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CairnError, suggest, type Pipeline, type Step } from '@cairn/kernel'
import {
  requireOf,
  topicOf,
  type ArtifactStore,
  type CairnEvent,
  type EventBus,
  type SubscribeOptions,
  type Subscription,
} from '@cairn/records'
import { checkConsumeOptions, checkSubscriptionOptions } from './options.ts'
import { once, type Seen } from './seen.ts'
import { stageEvent, type StageEvent, type StageEventType } from './stage-event.ts'

/** Options of a consumer: the defaults of its subscriptions. */
export interface ConsumeOptions extends Pick<
  SubscribeOptions,
  'concurrency' | 'deliveries' | 'redeliverAfter' | 'onPoison'
> {
  /**
   * The name of this consumer. All processes with the same group share the events of a subscription, and a restarted
   * process continues where the group stopped.
   */
  readonly group: string
  /** Where a new group starts. A time is in milliseconds since 1970. */
  readonly from: SubscribeOptions['from']
  /** Remembers handled events, so that repeated deliveries do not reach the handler. */
  readonly seen?: Seen
}
/** Options of one subscription. They override the consumer's. */
export interface SubscriptionOptions extends Partial<ConsumeOptions> {
  /** The event to listen to. @default 'completed' */
  readonly on?: StageEventType
}

/** Calls handlers with the results and the promotions of pipelines in one environment. Created by `consumer()`. */
export interface Consumer {
  /**
   * Subscribes to the results of a step in every run of a pipeline. Each event is delivered at least once; its `id`
   * identifies repeated deliveries. An event is handled when the handler resolves. An event that the handler keeps
   * rejecting becomes a dead letter of the group.
   *
   * @param options override those of the consumer
   * @throws CairnError BAD_WIRING if the pipeline does not have the step; BAD_DEFINITION for unknown or invalid options
   */
  subscribe<S extends Step>(
    pipeline: Pipeline,
    step: S,
    handler: (event: StageEvent<S>) => Promise<void> | void,
    options?: SubscriptionOptions,
  ): Promise<Subscription>
  /** Subscribes to promotions and rollbacks, with the same guarantees. */
  onPromoted(
    pipeline: Pipeline,
    handler: (promotion: Promotion) => Promise<void> | void,
    options?: Partial<ConsumeOptions>,
  ): Promise<Subscription>
  /** Stops taking new events and waits for running handlers. */
  readonly close: () => Promise<void>
}

/** A run that became the production run, by a promotion or a rollback. */
export interface Promotion {
  readonly id: string
  readonly env: string
  readonly pipeline: string
  readonly run: string
  /** Who promoted the run. */
  readonly by: string
  /** The playground run that was promoted; absent after a rollback. */
  readonly from: string | undefined
  /** The previous production run, which a rollback would restore. */
  readonly previous: string | undefined
  readonly at: Date
}

/** What a consumer reads from: an environment, with its event bus and its store. */
export interface ConsumerHost {
  readonly env: string
  readonly bus: EventBus
  readonly store: ArtifactStore
}

/**
 * Creates a consumer.
 *
 * @throws CairnError BAD_DEFINITION for unknown or invalid options
 */
export function consumer({ env, bus, store }: ConsumerHost, defaults: ConsumeOptions): Consumer {
  checkConsumeOptions(defaults, 'the consumer')
  const subscriptions = new Set<Promise<Subscription>>()
  let folder: string | undefined
  const scratch = () => (folder ??= mkdtempSync(join(tmpdir(), 'cairn-consumer-')))

  /**
   * Subscribes to the events for which `isMeant` returns true.
   *
   * @param group the group on the bus, whose members share the events
   */
  const listen = async (
    { name }: Pipeline,
    { group, seen, ...rest }: ConsumeOptions,
    isMeant: (event: CairnEvent) => boolean,
    handle: (event: CairnEvent) => Promise<void>,
  ): Promise<Subscription> => {
    const handleOnce = seen ? once(seen, handle) : handle
    const onEvent = async (event: CairnEvent): Promise<void> => {
      if (!isMeant(event)) return
      requireOf({ env, pipeline: name }, event)
      await handleOnce(event)
    }
    const opening = bus.subscribe(topicOf({ env, pipeline: name }), { ...rest, group }, onEvent)
    subscriptions.add(opening)
    opening.catch(() => subscriptions.delete(opening)) // reported to the caller
    const subscription = await opening
    return {
      async close() {
        subscriptions.delete(opening)
        await subscription.close()
      },
    }
  }

  return {
    async subscribe(pipeline, step, handler, options = {}) {
      checkStep(pipeline, step)
      checkSubscriptionOptions(options, `the subscription to ${step.name}`)
      const { on = 'completed', group, ...rest } = { ...defaults, ...options }
      return listen(
        pipeline,
        { ...rest, group: groupOf(group, step, on) },
        ({ type, data }) => type === `cairn.${on}` && data.step === step.name,
        async (event) => handler(stageEvent(event, step, store, scratch)),
      )
    },
    async onPromoted(pipeline, handler, options = {}) {
      checkConsumeOptions(options, `the subscription to promotions of ${pipeline.name}`)
      const { group, ...rest } = { ...defaults, ...options }
      return listen(
        pipeline,
        { ...rest, group: `${group}.promoted` },
        ({ type }) => type === 'cairn.promoted',
        async (event) => handler(promotionOf(event)),
      )
    },
    async close() {
      await Promise.all([...subscriptions].map((opening) => opening.then((open) => open.close(), nothingToClose)))
      subscriptions.clear()
      if (folder !== undefined) rmSync(folder, { recursive: true, force: true })
    },
  }
}

function nothingToClose(): void {}

function promotionOf({ id, time, data: { env, pipeline, run, by = '', from, previous } }: CairnEvent): Promotion {
  return { id, env, pipeline, run, by, from, previous, at: new Date(time) }
}

/** Members of one group on the bus share its events, so each subscription to another step needs its own group. */
export function groupOf(group: string, { name }: Step, on: StageEventType): string {
  return `${group}.${name}.${on}`
}

/** Refuses a step that the pipeline does not have, because its events would never arrive. */
function checkStep({ graph }: Pipeline, step: Step): void {
  const names = [...graph.nodes.values()].flatMap((node) => (node.type === 'step' ? [node.step.name] : []))
  if (names.includes(step.name)) return
  throw new CairnError('BAD_WIRING', `pipeline ${graph.name} has no step "${step.name}"`, {
    next: suggest(step.name, names),
  })
}
