import type { Work } from '@cairn/records'
import type { Job } from './job.ts'

/** Factor by which the interval between reports grows. */
export const REPORT_FACTOR = 4

/**
 * Reports, at growing intervals, that a body without a timeout is still running, because a promise that never settles
 * looks like work. Each report is a log line of the item that is expected to end next.
 */
export class LongRunReporter {
  readonly #job: Job
  readonly #work: Work
  readonly #ended = new Set<number>()
  readonly #stopped = new AbortController()
  #since: number

  constructor(job: Job, work: Work) {
    this.#job = job
    this.#work = work
    this.#since = job.host.clock.monotonic()
    const { stillWaitingAfterMs: first } = job.host
    // For a step that usually takes long, a long call is not worth a report.
    const usualMs = job.host.longestRecentMs?.(work.step) ?? 0
    if (first !== undefined && work.timeoutMs === undefined) void this.#watch(Math.max(first, 3 * usualMs))
  }

  /** Restarts the interval when an item has ended. */
  ended(index: number): void {
    this.#ended.add(index)
    this.#since = this.#job.host.clock.monotonic()
  }

  stop(): void {
    this.#stopped.abort()
  }

  async #watch(first: number): Promise<void> {
    const { clock } = this.#job.host
    const isOver = () => this.#stopped.signal.aborted
    let reported = this.#since
    for (let due = first; !isOver();) {
      if (reported !== this.#since) [reported, due] = [this.#since, first]
      await clock.sleep(this.#since + due - clock.monotonic(), this.#stopped.signal).catch(() => {})
      if (isOver() || reported !== this.#since) continue
      this.#report(due)
      due *= REPORT_FACTOR
    }
  }

  #report(ms: number): void {
    const { plan } = this.#job.run
    const next = this.#work.items.find(({ index }) => !this.#ended.has(index))
    if (!next) return
    const line = `still running after ${ms / 1_000} s in ${plan.pipeline}/${plan.run}; the step has no timeout. If it may hang, set one: timeout: "10m"`
    this.#work.print({ index: next.index, stream: 'stderr', line })
  }
}
