import { CairnError, type Json, jsonText } from '@cairn/kernel'
import { cancel, unfitTasks } from '@cairn/engine'
import { layout, type Layout, type Plan, type RunEnd } from '@cairn/records'
import { rerunOf, readEnds, readRun, retryOf, type RunRequest, type RunSummary } from '@cairn/workspace'
import type { ControlHost, Planned } from './control-host.ts'
import type { MissingStages } from './missing-stages.ts'
import type { RunsQuery } from './runs-query.ts'
import type { Waiting } from './queue-view.ts'
import type { RunQueue } from './run-queue.ts'
import { RunsList } from './runs-list.ts'
import type { Listed } from './listed-run.ts'
import type { ShowOptions } from './planner.ts'
import { SharedWork } from './shared-work.ts'
import { Submissions, type Started } from './submissions.ts'

/** Starts, shows and cancels runs. All state is in the store, so any number of copies can run. */
export class Control {
  readonly host: ControlHost
  readonly #submissions: Submissions
  readonly #queue: RunQueue
  readonly #runs: RunsList
  readonly #missingStages: Pick<MissingStages, 'ofRun'>
  readonly #shown = new SharedWork<Json>()
  readonly #missing = new SharedWork<readonly string[]>()

  constructor(host: ControlHost, queue: RunQueue, missingStages: Pick<MissingStages, 'ofRun'>) {
    this.host = host
    this.#missingStages = missingStages
    this.#queue = queue
    this.#runs = new RunsList(host, queue)
    this.#submissions = new Submissions(host, queue)
  }

  at(pipeline: string): Layout {
    return layout(this.host.env, pipeline)
  }

  plan(pipeline: string, request: RunRequest, show: ShowOptions): Promise<Planned> {
    return this.host.plan(pipeline, request, show)
  }

  /** Plans and starts a run. The same key always means the same run, however often it is sent. */
  start(pipeline: string, request: RunRequest, key: string | undefined): Promise<Started> {
    return this.#submissions.start({ pipeline, key, asked: request }, async (run) => {
      const { plan } = await this.host.plan(pipeline, { ...request, run })
      await this.#requireBases(plan)
      return plan
    })
  }

  /** Runs that match a query, newest first; `next` is the start of the next page. */
  list(pipeline: string, query: RunsQuery): Promise<{ runs: readonly Listed[]; next?: string }> {
    return this.#runs.list(pipeline, query)
  }

  /** Concurrent requests for a run share one read. */
  show(pipeline: string, run: string): Promise<Json> {
    return this.#shown.do(`${pipeline}/${run}`, () => this.#show(pipeline, run))
  }

  async #show(pipeline: string, run: string): Promise<Json> {
    const at = this.at(pipeline)
    const { plan, end } = await readRun(this.host.store, at, run)
    const tasks = Object.fromEntries(await readEnds(this.host.store, at, run))
    const unfit = end ? [] : await unfitTasks(this.host.store, at, run)
    const queue = await this.#waitOf(plan, end)
    return JSON.parse(jsonText({ plan, ...(end && { end }), ...(queue && { queue }), unfit, tasks })) as Json
  }

  /** Returns the steps that a run waits for and that have no running stage; looked up once for all who ask at a time. */
  async missingStages(pipeline: string, run: string): Promise<{ readonly steps: readonly string[] }> {
    const steps = await this.#missing.do(`${pipeline}/${run}`, async () => {
      const { plan, end } = await this.#signedRun(pipeline, run)
      return end ? [] : this.#missingStages.ofRun(plan)
    })
    return { steps }
  }

  /**
   * Returns the plan of a run to follow.
   *
   * @throws CairnError NOT_FOUND if there is no such run; BAD_RECORD if its records cannot be decoded; REFUSED for an
   *   unsigned plan of a run in progress, which stages would never run
   */
  async followed(pipeline: string, run: string): Promise<Plan> {
    const { plan, end } = await readRun(this.host.store, this.at(pipeline), run)
    if (!end) this.host.planSigning.require(plan)
    return plan
  }

  /**
   * Cancels a run unless it has ended, and removes it from the queue.
   *
   * @returns the run's end, which may be another one that came first
   * @throws CairnError NOT_FOUND if there is no such run; BAD_RECORD if its records cannot be decoded; REFUSED for a run
   *   that this control did not plan
   */
  async cancel(pipeline: string, run: string): Promise<RunEnd> {
    const { plan } = await this.#signedRun(pipeline, run)
    const end = await cancel(this.host, { env: this.host.env, pipeline }, run)
    if (plan.queued) await this.#queue.leave(plan)
    return end
  }

  /** The place of a run in the queue; undefined for a run that is not queued. */
  async #waitOf(plan: Plan, end: RunEnd | undefined): Promise<Waiting | undefined> {
    if (!plan.queued || end) return undefined
    const queue = await this.#queue.view()
    return queue.isWaiting(plan) ? queue.waitOf(plan) : undefined
  }

  /**
   * Starts a new run of the same request that reuses the finished steps of this one, or starts from a named step.
   *
   * @throws CairnError NOT_FOUND if there is no such run; BAD_RECORD if its records cannot be decoded; REFUSED for a run
   *   that this control did not plan, or that has not ended, as both would compute the same steps; BAD_PARAMETER if the
   *   key was used for another request
   * @throws RequestRefused with `Retry-After` if the queue is full
   */
  async retry(pipeline: string, base: string, from: string | undefined, key: string | undefined): Promise<Started> {
    const { store } = this.host
    const { plan, end } = await this.#signedRun(pipeline, base)
    if (!end)
      throw new CairnError('REFUSED', `run ${base} of ${pipeline} has not ended, so it cannot be retried yet`, {
        next: `cairn follow ${pipeline}/${base}, or cairn cancel ${pipeline}/${base}`,
      })
    return this.#submissions.start({ pipeline, key, asked: { retry: base, from } }, async (run) => {
      const ends = await readEnds(store, this.at(pipeline), base)
      const planned = await this.host.plan(pipeline, { ...retryOf(plan, ends, from), run })
      return planned.plan
    })
  }

  /**
   * Starts a run that computes one node of a recorded run again with its code and inputs, ignoring checkpoints.
   *
   * @throws CairnError NOT_FOUND if there is no such run, or an input's node did not complete; BAD_RECORD if its records
   *   cannot be decoded; REFUSED for a run that this control did not plan; BAD_PARAMETER for a node that cannot be
   *   computed on its own, or if the key was used for another request; BAD_DEFINITION for invalid settings
   * @throws RequestRefused with `Retry-After` if the queue is full
   */
  async rerun(pipeline: string, base: string, node: string, key: string | undefined): Promise<Started> {
    const { store, clock } = this.host
    const at = this.at(pipeline)
    const { plan } = await this.#signedRun(pipeline, base)
    return this.#submissions.start({ pipeline, key, asked: { rerun: base, node } }, async (run) => {
      await this.host.checkSettings(pipeline)
      return rerunOf(store, at, plan, node, clock.now(), { run })
    })
  }

  /** Checks the runs that provide the outputs of steps that are not run. @throws CairnError REFUSED */
  async #requireBases({ pipeline, nodes }: Plan): Promise<void> {
    const bases = Object.values(nodes).flatMap((node) => (node.type === 'given' ? [node.from] : []))
    for (const base of new Set(bases)) await this.#signedRun(pipeline, base)
  }

  /** @throws CairnError REFUSED for a run that this control did not plan */
  async #signedRun(pipeline: string, run: string): Promise<RunSummary> {
    const found = await readRun(this.host.store, this.at(pipeline), run)
    this.host.planSigning.require(found.plan)
    return found
  }
}
