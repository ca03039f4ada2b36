import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  topicOf,
  type ArtifactStore,
  type CairnEvent,
  type EventBus,
  type Pipeline,
  type Step,
  type SubscribeOptions,
  type Subscription,
} from '@cairn/kernel/runtime'
import { stageEvent, type StageEvent, type StageEventType } from './stage-event.ts'

export interface ConsumeOptions extends Pick<SubscribeOptions, 'from' | 'concurrency' | 'onPoison'> {
  /** Names this consumer: members of a group share its events, and it goes on where it stopped. */
  readonly group: string
  /** Default: completed. */
  readonly on?: StageEventType
}

export interface Consumer {
  /**
   * Hears what becomes of a step in every run of a pipeline: each happening at least once, with an `id` to recognise a
   * repetition by. An event counts as handled when the handler has resolved; one that it keeps rejecting goes to the
   * dead letters.
   */
  subscribe<S extends Step>(
    pipeline: Pipeline,
    step: S,
    options: ConsumeOptions,
    handler: (event: StageEvent<S>) => Promise<void> | void,
  ): Promise<Subscription>
}

export interface ConsumerHost {
  readonly env: string
  readonly bus: EventBus
  readonly store: ArtifactStore
}

export function consumer({ env, bus, store }: ConsumerHost): Consumer {
  return {
    async subscribe(pipeline, step, { on = 'completed', ...options }, handler) {
      let folder: string | undefined
      const scratch = () => (folder ??= mkdtempSync(join(tmpdir(), 'cairn-consumer-')))
      const hear = async (event: CairnEvent): Promise<void> => {
        if (event.type !== `cairn.${on}` || event.data.step !== step.name) return
        await handler(stageEvent(event, step, store, scratch))
      }
      const subscription = await bus.subscribe(topicOf({ env, pipeline: pipeline.name }), options, hear)
      return {
        async close() {
          await subscription.close()
          if (folder !== undefined) rmSync(folder, { recursive: true, force: true })
        },
      }
    },
  }
}
