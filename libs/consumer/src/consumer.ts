import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  CairnError,
  suggest,
  topicOf,
  type ArtifactStore,
  type CairnEvent,
  type EventBus,
  type Pipeline,
  type Step,
  type SubscribeOptions,
  type Subscription,
} from '@cairn/kernel/runtime'
import { once, type Seen } from './seen.ts'
import { stageEvent, type StageEvent, type StageEventType } from './stage-event.ts'

export interface ConsumeOptions extends Pick<SubscribeOptions, 'concurrency' | 'onPoison'> {
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
  /** Takes no new events and waits for the handlers at work. */
  readonly close: () => Promise<void>
}

export interface ConsumerHost {
  readonly env: string
  readonly bus: EventBus
  readonly store: ArtifactStore
}

export function consumer({ env, bus, store }: ConsumerHost, defaults: ConsumeOptions): Consumer {
  const subscriptions = new Set<Subscription>()
  let folder: string | undefined
  const scratch = () => (folder ??= mkdtempSync(join(tmpdir(), 'cairn-consumer-')))

  return {
    async subscribe(pipeline, step, handler, options = {}) {
      checkStep(pipeline, step)
      const { on = 'completed', group, seen, ...rest } = { ...defaults, ...options }
      const handle = async (event: CairnEvent) => handler(stageEvent(event, step, store, scratch))
      const handleOnce = seen ? once(seen, handle) : handle
      const hear = async (event: CairnEvent): Promise<void> => {
        if (event.type === `cairn.${on}` && event.data.step === step.name) await handleOnce(event)
      }
      const topic = topicOf({ env, pipeline: pipeline.name })
      const subscription = await bus.subscribe(topic, { ...rest, group: groupOf(group, step, on) }, hear)
      subscriptions.add(subscription)
      return {
        async close() {
          subscriptions.delete(subscription)
          await subscription.close()
        },
      }
    },
    async close() {
      await Promise.all([...subscriptions].map((subscription) => subscription.close()))
      subscriptions.clear()
      if (folder !== undefined) rmSync(folder, { recursive: true, force: true })
    },
  }
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
