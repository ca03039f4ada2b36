import { CairnError } from '@cairn/kernel'
import type { ErrorRecord } from '@cairn/records'
import type { Planned } from './control-host.ts'
import {
  Planner,
  type ExistenceRequest,
  type Expectations,
  type ExpectationsRequest,
  type PlannerRequest,
  type PlanningRequest,
  type SettingsRequest,
  type PlannerResponse,
} from './planner.ts'
import { Queue, type RequestClass } from './queue.ts'

export interface PlannersOptions {
  /** The program that handles requests. */
  readonly main: string
  readonly concurrency: number
  /** Maximum number of waiting requests of each class. */
  readonly waiting: number
}

/** How often planning is retried if files change meanwhile. */
const TRIES = 5
const IDLE_MS = 5 * 60_000

/** Planner processes. They are reused as long as the code they loaded is current. */
export class Planners {
  readonly #options: PlannersOptions
  readonly #queue: Queue
  readonly #idle: Planner[] = []
  #timer: NodeJS.Timeout | undefined

  constructor(options: PlannersOptions) {
    this.#options = options
    this.#queue = new Queue(options.concurrency, options.waiting)
  }

  /**
   * Sends a request to a planner, and tries again while the project's files change.
   *
   * @throws CairnError CONFLICT if the files keep changing, TIMED_OUT if planning takes too long, STEP_CRASHED if the
   *   planner ends, or the error of the project's code
   * @throws RequestRefused TOO_MANY_REQUESTS if too many requests are waiting
   */
  ask(request: PlanningRequest): Promise<Planned>
  ask(request: ExpectationsRequest): Promise<Expectations>
  ask(request: ExistenceRequest | SettingsRequest): Promise<object>
  async ask(request: PlannerRequest): Promise<object> {
    return this.#queue.run(classOf(request), async () => {
      for (let left = TRIES; left > 0; left--) {
        const { answer } = await this.#askOne(request)
        if (answer) return withoutError(answer)
      }
      throw new CairnError('CONFLICT', `the project's files changed while ${request.pipeline} was planned`, {
        next: 'wait until the files no longer change, then try again',
      })
    })
  }

  close(): void {
    clearTimeout(this.#timer)
    for (const planner of this.#idle.splice(0)) planner.end()
  }

  async #askOne(request: PlannerRequest): Promise<PlannerResponse> {
    const planner = this.#take()
    let response: PlannerResponse
    try {
      response = await planner.ask(request)
    } catch (error) {
      planner.end()
      // State of an earlier request may have been the reason.
      const isFirst = planner.requests === 1
      if (isFirst || (error instanceof CairnError && error.code === 'TIMED_OUT')) throw error
      return { isLast: true }
    }
    if (response.isLast) planner.end()
    else this.#release(planner)
    return response
  }

  #take(): Planner {
    for (let planner = this.#idle.pop(); planner; planner = this.#idle.pop()) if (!planner.hasEnded) return planner
    return new Planner(this.#options.main)
  }

  #release(planner: Planner): void {
    this.#idle.push(planner)
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.close(), IDLE_MS).unref()
  }
}

function classOf(request: PlannerRequest): RequestClass {
  return 'exists' in request || 'show' in request ? 'read' : 'write'
}

function withoutError(answer: object): object {
  if (!('error' in answer)) return answer
  const { code, message, next } = answer.error as ErrorRecord
  throw new CairnError(code, message, { next })
}
