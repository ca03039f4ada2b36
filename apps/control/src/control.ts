import { hash } from 'node:crypto'
import {
  cancel,
  CairnError,
  claim,
  layout,
  readRecord,
  RECORD_VERSION,
  submit,
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

export interface ControlHost {
  readonly env: string
  readonly store: ArtifactStore
  readonly bus: EventBus & Pick<KafkaBus, 'deadLetters' | 'replay'>
  readonly clock: Clock
  readonly name: string
  /** Makes sure that there is a place for a pipeline's events. */
  prepare(pipeline: string): Promise<void>
  /** Plans in a process of its own, with the code as it is at that moment. */
  plan(pipeline: string, request: RunRequest, timeZone: string, item?: string): Promise<Planned>
}
export interface Planned {
  readonly plan: Plan
  readonly lines: readonly PlanLine[]
}

/** Which run a submission became; kept under the key that its sender chose. */
interface Submission {
  readonly v: number
  readonly run: string
  /** Digest of what was asked for. */
  readonly request: string
}

/** Starts, shows and cancels runs. Holds nothing in memory: any number of copies do the same. */
export class Control {
  readonly host: ControlHost

  constructor(host: ControlHost) {
    this.host = host
  }

  at(pipeline: string): Layout {
    return layout(this.host.env, pipeline)
  }

  plan(pipeline: string, request: RunRequest, timeZone: string, item?: string): Promise<Planned> {
    return this.host.plan(pipeline, request, timeZone, item)
  }

  /**
   * Plans a run and sets it off. The same key always means the same run, however often it is sent.
   *
   * @throws CairnError BAD_PARAMETER when the key was used for something else
   */
  async start(
    pipeline: string,
    request: RunRequest,
    key: string | undefined,
  ): Promise<{ run: string; isNew: boolean }> {
    const { store } = this.host
    const path = key === undefined ? undefined : this.at(pipeline).submission(hash('sha256', key))
    const digest = hash('sha256', jsonText(request))
    const before = path === undefined ? undefined : await readRecord<Submission>(store, path)
    if (before) return this.#again(pipeline, before, digest)
    const { plan } = await this.host.plan(pipeline, request, 'UTC')
    requireStored(plan)
    await this.host.prepare(pipeline) // only now is it known that there is such a pipeline
    if (path !== undefined) {
      await claim<Plan>(store, this.at(pipeline).plan(plan.run), plan)
      const mine: Submission = { v: RECORD_VERSION, run: plan.run, request: digest }
      const standing = await claim(store, path, mine)
      if (standing.run !== plan.run) return this.#again(pipeline, standing, digest)
    }
    await submit(this.host, plan)
    return { run: plan.run, isNew: true }
  }

  /** The answer to the first time may have been lost, or the process may have died before it set the run off. */
  async #again(
    pipeline: string,
    { run, request }: Submission,
    digest: string,
  ): Promise<{ run: string; isNew: boolean }> {
    if (request !== digest)
      throw new CairnError(
        'BAD_PARAMETER',
        `the idempotency key was used for another request, which became run ${run}`,
        {
          next: 'choose another key',
        },
      )
    const { plan, end } = await readRun(this.host.store, this.at(pipeline), run)
    if (!end) await submit(this.host, plan)
    return { run, isNew: false }
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
  async retry(pipeline: string, run: string, from: string | undefined): Promise<{ run: string }> {
    const { store } = this.host
    const { plan } = await readRun(store, this.at(pipeline), run)
    const ends = await readEnds(store, this.at(pipeline), run)
    return this.start(pipeline, retryOf(plan, ends, from), undefined)
  }

  /** A run that computes one node of a recorded run again, with its code and inputs, whatever there is of checkpoints. */
  async again(pipeline: string, run: string, node: string): Promise<{ run: string }> {
    const { store, clock } = this.host
    const at = this.at(pipeline)
    const { plan } = await readRun(store, at, run)
    const again = await againOf(store, at, plan, node, clock.now())
    requireStored(again)
    await submit(this.host, again)
    return { run: again.run }
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

/** @throws CairnError BAD_DEFINITION for code that only the process which planned the run has */
function requireStored({ steps }: Plan): void {
  for (const [name, { code }] of Object.entries(steps))
    if ('inline' in code)
      throw new CairnError('BAD_DEFINITION', `${name} cannot run on services: ${code.inline}`, {
        next: 'export it from a module',
      })
}
