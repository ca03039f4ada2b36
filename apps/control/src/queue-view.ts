import type { RunLimits } from '@cairn/workspace'
import type { QueuedRun } from '@cairn/records'
import { isLimited, QueueCapacity, type ReachedLimit } from './queue-capacity.ts'

/** The place of a queued run. */
export interface Waiting {
  /** 1 for the next run of `waiting`. */
  readonly place: number
  /** Number of runs that wait for the same limit. */
  readonly waiting: number
  /** The limit that is reached. Without a limit, the run is about to start, unless its pipeline was removed. */
  readonly limit?: ReachedLimit
  /** Whether the run waits because the project no longer has its pipeline. */
  readonly isRemoved?: true
}

/** A snapshot of an environment's queue. */
export class QueueView {
  /** Running runs; some may have ended since. */
  readonly running: readonly QueuedRun[]
  readonly waiting: readonly QueuedRun[]
  readonly #limits: RunLimits
  readonly #capacity: QueueCapacity
  readonly #running: ReadonlySet<string>
  readonly #waiting: ReadonlySet<string>
  readonly #removed: ReadonlySet<string>

  /** @param removed pipelines that the project no longer has, and whose runs therefore wait */
  constructor(
    env: string,
    limits: RunLimits,
    running: readonly QueuedRun[],
    waiting: readonly QueuedRun[],
    removed: ReadonlySet<string> = new Set(),
  ) {
    this.#removed = removed
    this.running = running
    this.waiting = waiting
    this.#limits = limits
    this.#capacity = new QueueCapacity(env, limits, running)
    this.#running = new Set(running.map(nameOf))
    this.#waiting = new Set(waiting.map(nameOf))
  }

  /** Names of a pipeline's queued and running runs. */
  runsOf(pipeline: string): string[] {
    return [...this.running, ...this.waiting].filter((run) => run.pipeline === pipeline).map(({ run }) => run)
  }

  /** Whether a run that was queued and has not ended still waits. */
  isWaiting(run: QueuedRun): boolean {
    if (this.#running.has(nameOf(run))) return false
    return this.hasTicket(run) || isLimited(this.#limits, run.pipeline)
  }

  /** Whether it has a ticket. It may just have been started and still have one. */
  hasTicket(run: QueuedRun): boolean {
    return this.#waiting.has(nameOf(run))
  }

  /** Its place in the queue, and the limit that it waits for. */
  waitOf(run: QueuedRun): Waiting {
    const isRemoved = this.#removed.has(run.pipeline)
    const limit = isRemoved ? undefined : this.#capacity.reached(run)
    const line = this.waiting.filter(
      (other) =>
        !this.#running.has(nameOf(other)) &&
        (other.pipeline === run.pipeline || (limit?.of === 'environment' && !this.#removed.has(other.pipeline))),
    )
    const at = line.findIndex((other) => nameOf(other) === nameOf(run))
    const place = at < 0 ? line.length + 1 : at + 1
    return { place, waiting: Math.max(place, line.length), ...(limit && { limit }), ...(isRemoved && { isRemoved }) }
  }
}

function nameOf({ pipeline, run }: QueuedRun): string {
  return `${pipeline}/${run}`
}
