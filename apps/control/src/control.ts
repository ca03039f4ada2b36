import {
  cancel,
  CairnError,
  layout,
  topicOf,
  unfitTasks,
  type ArtifactStore,
  type Clock,
  type EventBus,
  type Json,
  type Layout,
  type Plan,
  type RunEnd,
  type UnfitRecord,
  jsonText,
} from '@cairn/kernel/runtime'
import type { DeadLetter, KafkaBus } from '@cairn/drivers/events/kafka'
import { againOf, readEnds, readRun, runNames, type PlanLine, type RunRequest } from '@cairn/embedded'
import { retryOf } from './retry.ts'
import { Submissions, type Started } from './submissions.ts'

export interface ControlHost {
  readonly env: string
  readonly store: ArtifactStore
  readonly bus: EventBus & Pick<KafkaBus, 'deadLetters' | 'replay'>
  readonly clock: Clock
  readonly name: string
  /** Makes sure that there is a place for a pipeline's events. */
  prepare(pipeline: string): Promise<void>
  /** @throws CairnError NOT_FOUND when the project has no such pipeline */
  require(pipeline: string): Promise<void>
  /** Plans in a process of its own, with the code as it is at that moment. */
  plan(pipeline: string, request: RunRequest, timeZone: string, item?: string): Promise<Planned>
}
export interface Planned {
  readonly plan: Plan
  readonly lines: readonly PlanLine[]
}

/** Starts, shows and cancels runs. All that counts is in the store: any number of copies do the same. */
export class Control {
  readonly host: ControlHost
  readonly #submissions: Submissions

  constructor(host: ControlHost) {
    this.host = host
    this.#submissions = new Submissions(host)
  }

  at(pipeline: string): Layout {
    return layout(this.host.env, pipeline)
  }

  plan(pipeline: string, request: RunRequest, timeZone: string, item?: string): Promise<Planned> {
    return this.host.plan(pipeline, request, timeZone, item)
  }

  /** Plans a run and sets it off. The same key always means the same run, however often it is sent. */
  async start(pipeline: string, request: RunRequest, key: string | undefined): Promise<Started> {
    await this.host.require(pipeline)
    return this.#submissions.start({ pipeline, key, asked: request }, async (run) => {
      const { plan } = await this.host.plan(pipeline, { ...request, run }, 'UTC')
      return plan
    })
  }

  async list(
    pipeline: string,
    limit: number,
  ): Promise<{ plan: Plan; end: RunEnd | undefined; unfit: readonly UnfitRecord[] }[]> {
    const { store } = this.host
    const at = this.at(pipeline)
    const names = (await runNames(store, at)).slice(0, limit)
    const runs = names.map(async (name) => {
      const run = await readRun(store, at, name).catch(() => undefined)
      return run && { ...run, unfit: run.end ? [] : await unfitTasks(store, at, name) }
    })
    return (await Promise.all(runs)).filter((run) => run !== undefined)
  }

  async show(pipeline: string, run: string): Promise<Json> {
    const at = this.at(pipeline)
    const { plan, end } = await readRun(this.host.store, at, run)
    const tasks = Object.fromEntries(await readEnds(this.host.store, at, run))
    const unfit = end ? [] : await unfitTasks(this.host.store, at, run)
    return JSON.parse(jsonText({ plan, ...(end && { end }), unfit, tasks })) as Json
  }

  /** @throws CairnError NOT_FOUND when there is no such run */
  async require(pipeline: string, run: string): Promise<void> {
    await readRun(this.host.store, this.at(pipeline), run)
  }

  cancel(pipeline: string, run: string): Promise<RunEnd> {
    return cancel(this.host, { env: this.host.env, pipeline }, run)
  }

  /** A new run of the same request, on what this one has finished; from a step on, if one is named. */
  async retry(pipeline: string, base: string, from: string | undefined, key: string | undefined): Promise<Started> {
    const { store } = this.host
    const { plan } = await readRun(store, this.at(pipeline), base)
    return this.#submissions.start({ pipeline, key, asked: { retry: base, from } }, async (run) => {
      const ends = await readEnds(store, this.at(pipeline), base)
      const planned = await this.host.plan(pipeline, { ...retryOf(plan, ends, from), run }, 'UTC')
      return planned.plan
    })
  }

  /** A run that computes one node of a recorded run again, with its code and inputs, whatever there is of checkpoints. */
  async again(pipeline: string, base: string, node: string, key: string | undefined): Promise<Started> {
    const { store, clock } = this.host
    const at = this.at(pipeline)
    const { plan } = await readRun(store, at, base)
    return this.#submissions.start({ pipeline, key, asked: { again: base, node } }, (run) =>
      againOf(store, at, plan, node, clock.now(), { run }),
    )
  }

  async deadLetters(pipeline: string, limit: number): Promise<DeadLetter[]> {
    return this.host.bus.deadLetters(await this.#topicOf(pipeline), { limit })
  }

  async replay(pipeline: string, id: string): Promise<void> {
    await this.host.bus.replay(await this.#topicOf(pipeline), id)
  }

  /** Where a pipeline's events are; only once it has had a run is there such a place. */
  async #topicOf(pipeline: string): Promise<string> {
    const { env, store } = this.host
    if ((await store.children(this.at(pipeline).runs)).length > 0) return topicOf({ env, pipeline })
    throw new CairnError('NOT_FOUND', `pipeline ${pipeline} has no runs in ${env}`)
  }
}
