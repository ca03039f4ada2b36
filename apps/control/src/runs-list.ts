import { parametersOf, readRun, runNames } from '@cairn/workspace'
import { CairnError, jsonText, type Json } from '@cairn/kernel'
import { layout, type Plan, type RunEnd } from '@cairn/records'
import { Lru, unfitTasks } from '@cairn/engine'
import type { ControlHost } from './control-host.ts'
import type { Listed } from './listed-run.ts'
import type { QueueView } from './queue-view.ts'
import type { RunQueue } from './run-queue.ts'
import { matches, type RunsQuery } from './runs-query.ts'
import { SharedWork } from './shared-work.ts'

/** Number of runs to read concurrently, and for one page. */
const CONCURRENCY = 20
const MAX_RUNS_READ = 400

/** Size of the cache of ended runs, in characters of JSON. */
const CACHE_SIZE = 8_000_000

/** A run as it was read. */
interface Found {
  readonly listed: Listed
  /** Parameters of the run and its steps; undefined if the run cannot be read. */
  readonly parameters?: Readonly<Record<string, Json>>
}

/** An error that no record caused. */
const OUTAGES: ReadonlySet<string> = new Set(['STORE_FAILED', 'HOST_FAILED'])

/** Lists runs. Concurrent requests share reads, and ended runs are read once for good. */
export class RunsList {
  readonly #host: ControlHost
  readonly #queue: Pick<RunQueue, 'view'>
  readonly #views = new SharedWork<QueueView>()
  readonly #names = new SharedWork<string[]>()
  readonly #runs = new SharedWork<Found>()
  readonly #ended = new Lru<Found>(CACHE_SIZE, (found) => jsonText(found).length)

  constructor(host: ControlHost, queue: Pick<RunQueue, 'view'>) {
    this.#host = host
    this.#queue = queue
  }

  /**
   * Runs that match a query, newest first. A run that cannot be read, or that this control did not plan, is listed with its
   * fault. The number of runs to read is limited: `next` is the start of the next page.
   */
  async list(pipeline: string, query: RunsQuery): Promise<{ runs: readonly Listed[]; next?: string }> {
    const { limit, before } = query
    const all = await this.#names.do(pipeline, () => runNames(this.#host.store, this.#at(pipeline)))
    const names = all.filter((name) => before === undefined || name < before)
    const runs: Listed[] = []
    for (let read = 0; read < names.length; read += CONCURRENCY) {
      const page = names.slice(read, read + CONCURRENCY)
      for (const { listed, parameters } of await Promise.all(page.map((name) => this.#find(pipeline, name)))) {
        if (matches(listed, parameters, query)) runs.push(listed)
        if (runs.length === limit) return { runs, ...(listed.run !== names.at(-1) && { next: listed.run }) }
      }
      const isLast = read + page.length === names.length
      if (read + page.length >= MAX_RUNS_READ && !isLast) return { runs, next: page.at(-1)! }
    }
    return { runs }
  }

  #at(pipeline: string) {
    return layout(this.#host.env, pipeline)
  }

  async #find(pipeline: string, run: string): Promise<Found> {
    const name = `${pipeline}/${run}`
    const ended = this.#ended.find(name)
    if (ended) return ended
    const found = await this.#runs.do(name, () => this.#read(pipeline, run))
    if (found.listed.endedAt !== undefined) void this.#ended.set(name, Promise.resolve(found))
    return found
  }

  async #read(pipeline: string, run: string): Promise<Found> {
    try {
      const { plan, end } = await readRun(this.#host.store, this.#at(pipeline), run)
      return { listed: await this.#describe(plan, end), parameters: parametersOf(plan) }
    } catch (error) {
      if (!(error instanceof CairnError) || OUTAGES.has(error.code)) throw error
      return { listed: { run, status: 'refused', fault: error.message } }
    }
  }

  async #describe(plan: Plan, end: RunEnd | undefined): Promise<Listed> {
    const { store, planSigning } = this.#host
    const { run, pipeline, createdAt, params } = plan
    const fault = planSigning.faultOf(plan)
    const about = { run, createdAt, params, ...(fault !== undefined && { fault }) }
    if (end) return { ...about, status: end.status, endedAt: end.endedAt }
    if (fault === undefined && plan.queued) {
      const view = await this.#views.do('', () => this.#queue.view())
      if (view.isWaiting(plan)) return { ...about, status: 'queued', queue: view.waitOf(plan) }
    }
    const unfit = await unfitTasks(store, this.#at(pipeline), run)
    return {
      ...about,
      status: fault === undefined ? 'running' : 'refused',
      ...(unfit.length > 0 && { unfit }),
    }
  }
}
