import type { Work } from '@cairn/records'
import type { Job } from './job.ts'

/** How much longer it waits each time before it says so again. */
export const RARER = 4

/**
 * Says, once and then ever more rarely, that a body without a time-out is still waited for: a promise that nothing
 * settles looks like work. Told as a line of the item that is next to end.
 */
export class StillWaiting {
  readonly #job: Job
  readonly #work: Work
  readonly #ended = new Set<number>()
  readonly #over = new AbortController()
  #since: number

  constructor(job: Job, work: Work) {
    this.#job = job
    this.#work = work
    this.#since = job.host.clock.monotonic()
    const { stillWaitingAfterMs: first } = job.host
    // Of a step that usually takes long, that it does so again says nothing.
    const usual = job.host.lately?.(work.step) ?? 0
    if (first !== undefined && work.timeoutMs === undefined) void this.#watch(Math.max(first, 3 * usual))
  }

  /** An item has ended: the next one has all the time again. */
  ended(index: number): void {
    this.#ended.add(index)
    this.#since = this.#job.host.clock.monotonic()
  }

  stop(): void {
    this.#over.abort()
  }

  async #watch(first: number): Promise<void> {
    const { clock } = this.#job.host
    const isOver = () => this.#over.signal.aborted
    let told = this.#since
    for (let due = first; !isOver();) {
      if (told !== this.#since) [told, due] = [this.#since, first]
      await clock.sleep(this.#since + due - clock.monotonic(), this.#over.signal).catch(() => {})
      if (isOver() || told !== this.#since) continue
      this.#tell(due)
      due *= RARER
    }
  }

  #tell(ms: number): void {
    const { plan } = this.#job.run
    const next = this.#work.items.find(({ index }) => !this.#ended.has(index))
    if (!next) return
    const line = `still at work after ${ms / 1_000} s, in ${plan.pipeline}/${plan.run}; nothing would end it: where it may wait for ever, give the step a timeout: "10m"`
    this.#work.print({ index: next.index, stream: 'stderr', line })
  }
}
