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

export interface ConsumeOptions extends Pick<
  SubscribeOptions,
  'concurrency' | 'deliveries' | 'redeliverAfter' | 'onPoison'
> {
  /**
   * Names this consumer. Its subscriptions to one step and type share the events, in any number of processes, and go on
   * where they stopped.
   */
  readonly group: string
  /** Where a group that is new starts; a time in milliseconds since 1970. */
  readonly from: SubscribeOptions['from']
  /** Leaves out what it has seen, so that repetitions do not reach the handler. */
  readonly seen?: Seen
}
export interface SubscriptionOptions extends Partial<ConsumeOptions> {
  /** Default: completed. */
  readonly on?: StageEventType
}

export interface Consumer {
  /**
   * Hears what becomes of a step in every run of a pipeline: each happening at least once, with an `id` to recognise a
   * repetition by. An event counts as handled when the handler has resolved; one that it keeps rejecting goes to the
   * dead letters of its group.
   *
   * @param options where they differ from the consumer's
   */
  subscribe<S extends Step>(
    pipeline: Pipeline,
    step: S,
    handler: (event: StageEvent<S>) => Promise<void> | void,
    options?: SubscriptionOptions,
  ): Promise<Subscription>
  /** Hears which run is in production each time that changes, under the same guarantees. */
  onPromoted(
    pipeline: Pipeline,
    handler: (promotion: Promotion) => Promise<void> | void,
    options?: Partial<ConsumeOptions>,
  ): Promise<Subscription>
  /** Takes no new events and waits for the handlers at work. */
  readonly close: () => Promise<void>
}

/** A run that has become the one in production: promoted, or rolled back to. */
export interface Promotion {
  readonly id: string
  readonly env: string
  readonly pipeline: string
  readonly run: string
  /** Who made it so. */
  readonly by: string
  /** The run of a playground that was promoted; none of a roll-back. */
  readonly from: string | undefined
  /** The run that a roll-back would bring back. */
  readonly previous: string | undefined
  readonly at: Date
}

export interface ConsumerHost {
  readonly env: string
  readonly bus: EventBus
  readonly store: ArtifactStore
}

/** @throws CairnError BAD_DEFINITION for options that there are not, or that are of another shape */
export function consumer({ env, bus, store }: ConsumerHost, defaults: ConsumeOptions): Consumer {
  checkConsumeOptions(defaults, 'the consumer')
  const subscriptions = new Set<Subscription>()
  let folder: string | undefined
  const scratch = () => (folder ??= mkdtempSync(join(tmpdir(), 'cairn-consumer-')))

  /** @param group whose members share what is heard here */
  const listen = async (
    { name }: Pipeline,
    { group, seen, ...rest }: ConsumeOptions,
    isMeant: (event: CairnEvent) => boolean,
    handle: (event: CairnEvent) => Promise<void>,
  ): Promise<Subscription> => {
    const handleOnce = seen ? once(seen, handle) : handle
    const hear = async (event: CairnEvent): Promise<void> => {
      if (!isMeant(event)) return
      requireOf({ env, pipeline: name }, event)
      await handleOnce(event)
    }
    const subscription = await bus.subscribe(topicOf({ env, pipeline: name }), { ...rest, group }, hear)
    subscriptions.add(subscription)
    return {
      async close() {
        subscriptions.delete(subscription)
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
      checkConsumeOptions(options, `the subscription to what is in production of ${pipeline.name}`)
      const { group, ...rest } = { ...defaults, ...options }
      return listen(
        pipeline,
        { ...rest, group: `${group}.promoted` },
        ({ type }) => type === 'cairn.promoted',
        async (event) => handler(promotionOf(event)),
      )
    },
    async close() {
      await Promise.all([...subscriptions].map((subscription) => subscription.close()))
      subscriptions.clear()
      if (folder !== undefined) rmSync(folder, { recursive: true, force: true })
    },
  }
}

function promotionOf({ id, time, data: { env, pipeline, run, by = '', from, previous } }: CairnEvent): Promotion {
  return { id, env, pipeline, run, by, from, previous, at: new Date(time) }
}

/** Members of one group on the bus share its events, so that each subscription to another step needs a group of its own. */
export function groupOf(group: string, { name }: Step, on: StageEventType): string {
  return `${group}.${name}.${on}`
}

/** What waits for a step that is not there would wait for ever. */
function checkStep({ graph }: Pipeline, step: Step): void {
  const names = [...graph.nodes.values()].flatMap((node) => (node.type === 'step' ? [node.step.name] : []))
  if (names.includes(step.name)) return
  throw new CairnError('BAD_WIRING', `pipeline ${graph.name} has no step "${step.name}"`, {
    next: suggest(step.name, names),
  })
}
