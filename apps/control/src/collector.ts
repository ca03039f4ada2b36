import { retentionOf, type Retention, type RetentionSettings } from '@cairn/workspace'
import { CairnError } from '@cairn/kernel'
import {
  pipelineNames,
  channels,
  encodeRecord,
  layout,
  lastCollection,
  RECORD_VERSION,
  type Clock,
  type Collected,
  type GcReport,
  type Plan,
  type ArtifactStore,
} from '@cairn/records'
import { collect } from '@cairn/maintenance'
import type { PipelineLocks } from './pipeline-locks.ts'
import type { PlanSigning } from './plan-signing.ts'

export interface CollectorHost {
  readonly env: string
  readonly store: ArtifactStore
  readonly clock: Clock
  readonly name: string
  readonly locks: PipelineLocks
  /** @throws CairnError BAD_DEFINITION for settings that name an unknown pipeline */
  checkSettings(pipeline: string): Promise<void>
  readonly planSigning: Pick<PlanSigning, 'faultOf'>
  /** The current retention settings of the project. */
  readonly retention: () => RetentionSettings | undefined
  /** Called after each collection that changed something. */
  readonly onCollected?: (pipeline: string, report: GcReport) => void
  readonly onFailure?: (pipeline: string, error: unknown) => void
}

export interface Collection {
  readonly pipeline: string
  readonly dryRun: boolean
  readonly retention: Retention
  readonly report: GcReport
}

/**
 * Removes what the retention of the project does not keep from the store of services: one collection of a pipeline at a
 * time, across copies of control. Runs and copies continue meanwhile: an object in the trash is restored when it is needed,
 * and deleted only by a later collection, after the grace period, if it is still unreferenced.
 */
export class Collector {
  readonly #host: CollectorHost

  constructor(host: CollectorHost) {
    this.#host = host
  }

  /**
   * @throws CairnError CONFLICT while another collection of the pipeline is in progress, BAD_DEFINITION if the retention
   *   names an unknown pipeline, as it may be meant for this one
   */
  async collect(pipeline: string, { dryRun }: { readonly dryRun: boolean }): Promise<Collection> {
    const { env, store, clock, name, locks, planSigning, retention: settings } = this.#host
    const at = layout(env, pipeline)
    await this.#host.checkSettings(pipeline)
    const retention = retentionOf(settings(), env, pipeline)
    const policy = { ...retention, dryRun, planFault: (plan: Plan) => planSigning.faultOf(plan) }
    if (dryRun) return { pipeline, dryRun, retention, report: await collect(store, clock, at, policy) }
    return locks.run(pipeline, async (lease) => {
      // A clock that is ahead would treat new objects as old, so the earlier of the store's clock and this one is used.
      const { modified } = (await store.stat(lease)) ?? { modified: clock.now() }
      const ahead = Math.max(0, clock.now() - modified)
      const now = () => clock.now() - ahead
      const { removing: _, ...last }: Partial<Collected> = (await lastCollection(store, at)) ?? {}
      let removal = last.removedUntil !== undefined && { removedUntil: last.removedUntil }
      // Recorded first, so that a process which then misses a plan can tell that its run was removed, and that none of
      // these runs is put into production any more.
      const onRemoveRuns = async (removing: readonly string[]) => {
        removal = { removedUntil: now() }
        await this.#record(at.collected, { ...last, v: RECORD_VERSION, host: name, ...removal, removing })
      }
      const report = await collect(store, { ...clock, now }, at, { ...policy, onRemoveRuns })
      await this.#record(at.collected, { v: RECORD_VERSION, at: clock.now(), host: name, report, ...removal })
      if (channels.collection.hasSubscribers) channels.collection.publish({ env, pipeline, report })
      this.#host.onCollected?.(pipeline, report)
      return { pipeline, dryRun, retention, report }
    })
  }

  async #record(path: string, record: Collected): Promise<void> {
    const { store } = this.#host
    const bytes = encodeRecord(record, path)
    if (!(await store.create(path, bytes))) await store.replace(path, await store.read(path), bytes)
  }

  /** Collects each pipeline that is due. */
  async sweep(): Promise<void> {
    const { env, store, clock, retention: settings, onFailure } = this.#host
    for (const pipeline of await pipelineNames(store, env))
      try {
        const { everyMs } = retentionOf(settings(), env, pipeline)
        if (everyMs === undefined) continue
        const last = (await lastCollection(store, layout(env, pipeline)))?.at
        if (last !== undefined && clock.now() - last < everyMs && last <= clock.now()) continue
        await this.collect(pipeline, { dryRun: false })
      } catch (error) {
        if (!(error instanceof CairnError && error.code === 'CONFLICT')) onFailure?.(pipeline, error)
      }
  }
}
