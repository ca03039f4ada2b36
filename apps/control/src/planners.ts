import { CairnError } from '@cairn/kernel'
import type { ErrorRecord } from '@cairn/records'
import type { Planned } from './control-host.ts'
import {
  Planner,
  type ExistenceOrder,
  type Expectations,
  type ExpectationsOrder,
  type Order,
  type PlanOrder,
  type SettingsOrder,
  type Reply,
} from './planner.ts'
import { Queue, type Line } from './queue.ts'

export interface PlannersOptions {
  /** The program that handles orders. */
  readonly main: string
  readonly concurrency: number
  /** Maximum number of waiting orders, for writing and for reading requests each. */
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

  ask(order: PlanOrder): Promise<Planned>
  ask(order: ExpectationsOrder): Promise<Expectations>
  ask(order: ExistenceOrder | SettingsOrder): Promise<object>
  async ask(order: Order): Promise<object> {
    return this.#queue.run(lineOf(order), async () => {
      for (let left = TRIES; left > 0; left--) {
        const { answer } = await this.#askOne(order)
        if (answer) return withoutError(answer)
      }
      throw new CairnError('CONFLICT', `the project's files changed while ${order.pipeline} was planned`, {
        next: 'wait until the files no longer change, then try again',
      })
    })
  }

  close(): void {
    clearTimeout(this.#timer)
    for (const planner of this.#idle.splice(0)) planner.end()
  }

  async #askOne(order: Order): Promise<Reply> {
    const planner = this.#take()
    let reply: Reply
    try {
      reply = await planner.ask(order)
    } catch (error) {
      planner.end()
      // State of an earlier order may have been the reason.
      const isFirst = planner.orders === 1
      if (isFirst || (error instanceof CairnError && error.code === 'TIMED_OUT')) throw error
      return { isLast: true }
    }
    if (reply.isLast) planner.end()
    else this.#release(planner)
    return reply
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

function lineOf(order: Order): Line {
  return 'exists' in order || 'show' in order ? 'looks' : 'changes'
}

function withoutError(answer: object): object {
  if (!('error' in answer)) return answer
  const { code, message, next } = answer.error as ErrorRecord
  throw new CairnError(code, message, { next })
}
