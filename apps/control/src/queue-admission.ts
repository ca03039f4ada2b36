import { counted, type RunLimits } from '@cairn/workspace'
import type { QueuedRun } from '@cairn/records'
import { RequestRefused } from './problem.ts'
import type { QueueRecords } from './queue-records.ts'
import { QueueCapacity } from './queue-capacity.ts'

export interface QueueAdmissionHost {
  readonly env: string
  readonly records: QueueRecords
  readonly limits: () => RunLimits
  /** Monotonic milliseconds. */
  readonly now: () => number
}
type Pipeline = Pick<QueuedRun, 'pipeline'>
/** A cached refusal, with the limits at that time. */
interface Full {
  readonly until: number
  readonly limit: number
  readonly limitNow: (limits: RunLimits) => number
  readonly error: RequestRefused
}

/** How long a full queue is cached, in milliseconds, so that many refusals cost no more than one. */
const FULL_MS = 1_000
const RETRY_AFTER_S = 5

/**
 * Admits only as many runs as may wait. Waiting runs are counted in the store, plus earlier runs that this process is
 * admitting. The limit can be exceeded by runs that other copies of control admit at the same moment, and by runs whose
 * planner died, which get their ticket in any case.
 */
export class QueueAdmission {
  readonly #host: QueueAdmissionHost
  /** Admitted runs without a ticket yet, in order. */
  readonly #entering = new Set<Pipeline>()
  readonly #full = new Map<string, Full>()

  constructor(host: QueueAdmissionHost) {
    this.#host = host
  }

  /**
   * Admits one more run of a pipeline.
   *
   * @returns a function to call once it has its ticket, or will have none
   * @throws RequestRefused with `Retry-After` if the queue is full
   */
  async admit(pipeline: string): Promise<() => void> {
    const limits = this.#host.limits()
    const full = this.#full.get(pipeline)
    if (full && this.#host.now() < full.until && full.limitNow(limits) === full.limit) throw full.error
    const entering = { pipeline }
    this.#entering.add(entering)
    const release = () => void this.#entering.delete(entering)
    try {
      await this.#require(entering, limits)
    } catch (error) {
      release()
      throw error
    }
    return release
  }

  /** Drops the cached refusal, as a run has ended. */
  forget(): void {
    this.#full.clear()
  }

  async #require(entering: Pipeline, limits: RunLimits): Promise<void> {
    const { env, records } = this.#host
    const pipelineLimit = ({ waiting }: RunLimits) => waiting.of(entering.pipeline) ?? Infinity
    const totalLimit = ({ waiting }: RunLimits) => waiting.environment
    const [ofPipeline, ofAll] = [pipelineLimit(limits), totalLimit(limits)]
    const tickets = await records.waiting()
    const before: Pipeline[] = [...this.#entering].slice(0, [...this.#entering].indexOf(entering))
    if (tickets.length + before.length < Math.min(ofPipeline, ofAll)) return

    // Some of these may be about to start.
    const running = await records.unended(await records.running())
    const started = new Set(running.map((run) => records.at.ticket(run)))
    const capacity = new QueueCapacity(env, limits, running)
    const left: Pipeline[] = []
    for (const run of [...tickets.filter((ticket) => !started.has(records.at.ticket(ticket))), ...before])
      if (capacity.reached(run)) left.push(run)
      else capacity.take(run)
    if (!capacity.reached(entering)) return
    const own = left.filter(({ pipeline }) => pipeline === entering.pipeline).length
    if (own >= ofPipeline) this.#refuse(entering, entering.pipeline, ofPipeline, pipelineLimit)
    if (left.length >= ofAll) this.#refuse(entering, `environment ${env}`, ofAll, totalLimit)
  }

  #refuse({ pipeline }: Pipeline, of: string, limit: number, limitNow: Full['limitNow']): never {
    const error = new RequestRefused(
      'TOO_MANY_REQUESTS',
      `the queue of ${of} is full: at most ${counted(limit, 'run')} may wait`,
      {
        next: 'wait until some have ended, or raise "waiting" of "concurrency" in package.json',
        headers: { 'retry-after': String(RETRY_AFTER_S) },
      },
    )
    this.#full.set(pipeline, { until: this.#host.now() + FULL_MS, limit, limitNow, error })
    throw error
  }
}
