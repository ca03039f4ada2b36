import type { RunLimits } from '@cairn/embedded'
import type { QueuedRun } from '@cairn/kernel/runtime'
import { RequestRefused } from './problem.ts'
import type { QueueRecords } from './queue-records.ts'
import { Room } from './queue-room.ts'

export interface QueueBoundHost {
  readonly env: string
  readonly records: QueueRecords
  readonly limits: () => RunLimits
  /** Milliseconds that only go forward. */
  readonly now: () => number
}
type Pipeline = Pick<QueuedRun, 'pipeline'>

/** How long it is taken as given that the queue is full, in milliseconds: what refusals cost does not grow with them. */
const FULL_MS = 1_000
const RETRY_AFTER_S = 5

/**
 * Takes in no more runs than may wait for their turn. What waits is counted in the store; of runs that this process takes
 * in at the same time, those before count, too. Another copy of control may take in one at the same moment, and a run
 * whose planner died gets its ticket in any case: by so many there may be more.
 */
export class QueueBound {
  readonly #host: QueueBoundHost
  /** Runs that were let in and have no ticket yet, in their order. */
  readonly #entering = new Set<Pipeline>()
  readonly #full = new Map<string, { readonly until: number; readonly error: RequestRefused }>()

  constructor(host: QueueBoundHost) {
    this.#host = host
  }

  /**
   * Lets in one more run of a pipeline.
   *
   * @returns what is to be called once it has its ticket, or will have none
   * @throws RequestRefused with `Retry-After` when as many wait as may
   */
  async admit(pipeline: string): Promise<() => void> {
    const full = this.#full.get(pipeline)
    if (full && this.#host.now() < full.until) throw full.error
    const entering = { pipeline }
    this.#entering.add(entering)
    const leave = () => void this.#entering.delete(entering)
    try {
      await this.#require(entering)
    } catch (error) {
      leave()
      throw error
    }
    return leave
  }

  /** Has it counted anew: a run has ended. */
  forget(): void {
    this.#full.clear()
  }

  async #require(entering: Pipeline): Promise<void> {
    const { env, records } = this.#host
    const limits = this.#host.limits()
    const ofPipeline = limits.waiting.of(entering.pipeline) ?? Infinity
    const ofAll = limits.waiting.environment
    const tickets = await records.waiting()
    const before: Pipeline[] = [...this.#entering].slice(0, [...this.#entering].indexOf(entering))
    if (tickets.length + before.length < Math.min(ofPipeline, ofAll)) return

    // Some of these may be about to start.
    const running = await records.unended(await records.standing())
    const had = new Set(running.map((run) => records.at.ticket(run)))
    const room = new Room(env, limits, running)
    const left: Pipeline[] = []
    for (const run of [...tickets.filter((ticket) => !had.has(records.at.ticket(ticket))), ...before])
      if (room.reached(run)) left.push(run)
      else room.take(run)
    if (!room.reached(entering)) return
    const own = left.filter(({ pipeline }) => pipeline === entering.pipeline).length
    if (own >= ofPipeline) this.#refuse(entering, `runs of ${entering.pipeline}`, ofPipeline)
    if (left.length >= ofAll) this.#refuse(entering, `runs in ${env}`, ofAll)
  }

  #refuse({ pipeline }: Pipeline, what: string, most: number): never {
    const error = new RequestRefused('TOO_MANY_REQUESTS', `${most} ${what} wait for their turn, as many as may`, {
      next: 'wait until some have ended, or let more wait: "waiting" of "concurrency" in package.json',
      headers: { 'retry-after': String(RETRY_AFTER_S) },
    })
    this.#full.set(pipeline, { until: this.#host.now() + FULL_MS, error })
    throw error
  }
}
