import { runLimitsOf, type ConcurrencySettings, type RunLimits } from '@cairn/workspace'
import { CairnError } from '@cairn/kernel'
import { channels, layout, readRecord, type Plan, type QueuedRun, type RunEnd } from '@cairn/records'
import { setOff, forEachConcurrently } from '@cairn/engine'
import type { ControlHost } from './control-host.ts'
import { EndHints } from './end-hints.ts'
import { QueueBound } from './queue-bound.ts'
import { QueueRecords } from './queue-records.ts'
import { isLimited, Room } from './queue-room.ts'
import { QueueView } from './queue-view.ts'

export interface RunQueueOptions {
  /** What the project says of how many runs go on at once, as it says it now. */
  readonly concurrency: () => ConcurrencySettings | undefined
  /** Reply, once for each reason, of what cannot be looked at: a run in the queue, or the queue itself. */
  readonly onFailure?: (path: string, error: unknown) => void
}

/** While any run waits, it is looked so often whether one can start: the end of one that was heard of is only faster. */
const LOOK_MS = 2_000
/** How old a view may be that followers share. Milliseconds. */
const RECENT_MS = 1_000

/**
 * Lets runs start one after the other where limits say how many go on at once. A run that waits has a plan that says so,
 * and a ticket. It has its turn once the record of running ones names it; its first event is told after that, then its
 * ticket goes. Any copy of control does the next step of any run, and what was done twice is as if it was done once.
 */
export class RunQueue {
  readonly #host: Pick<ControlHost, 'env' | 'store' | 'bus' | 'clock' | 'vouching'>
  readonly #records: QueueRecords
  readonly #options: RunQueueOptions
  readonly #hints: EndHints
  readonly #bound: QueueBound
  #woken = Promise.withResolvers<void>()
  #limits: RunLimits
  #recent: { readonly at: number; readonly view: Promise<QueueView> } | undefined
  /** What was told of what cannot be looked at. */
  #failures: ReadonlyMap<string, string> = new Map()
  /** Pipelines of which there was something to tell. */
  #told: ReadonlySet<string> = new Set()

  /** @throws CairnError BAD_DEFINITION for limits that are none */
  constructor(host: Pick<ControlHost, 'env' | 'store' | 'bus' | 'clock' | 'vouching'>, options: RunQueueOptions) {
    this.#host = host
    this.#records = new QueueRecords(host.env, host.store)
    this.#options = options
    this.#limits = runLimitsOf(options.concurrency(), host.env)
    this.#hints = new EndHints(host, () => this.wake())
    this.#bound = new QueueBound({
      env: host.env,
      records: this.#records,
      limits: () => this.#limitsNow(),
      now: () => host.clock.monotonic(),
    })
  }

  /** Whether runs of a pipeline that are planned now wait for their turn. */
  isLimited(pipeline: string): boolean {
    return isLimited(this.#limitsNow(), pipeline)
  }

  /**
   * Asks whether a run of a pipeline may be planned: not where it would wait, and as many wait as may.
   *
   * @returns what is to be called once it was begun, or will not be
   * @throws RequestRefused with `Retry-After`
   * @throws CairnError BAD_DEFINITION for limits that are none: nothing is planned while they are
   */
  async admit(pipeline: string): Promise<() => void> {
    this.#limits = runLimitsOf(this.#options.concurrency(), this.#host.env)
    return isLimited(this.#limits, pipeline) ? this.#bound.admit(pipeline) : () => {}
  }

  /** Sets a planned run off, or has it wait for its turn. Doing it again does nothing new. */
  async begin(plan: Plan): Promise<void> {
    if (!plan.queued) return setOff(this.#host, plan)
    await this.#records.enter(plan)
    this.wake()
  }

  /** Takes one that has ended out of the line. */
  async leave(run: QueuedRun): Promise<void> {
    await this.#records.leave(run)
    this.wake()
  }

  async view(): Promise<QueueView> {
    // In this order: a run whose ticket is gone has had its turn before.
    const waiting = await this.#records.waiting()
    const { runs } = await this.#records.standing()
    return new QueueView(this.#host.env, this.#limitsNow(), runs, waiting)
  }

  /** The same, of a moment ago: what it costs does not grow with those who look. */
  recentView(): Promise<QueueView> {
    const now = this.#host.clock.monotonic()
    if (!this.#recent || now - this.#recent.at > RECENT_MS) this.#recent = { at: now, view: this.view() }
    return this.#recent.view
  }

  /** Has it looked now whether a run can start. */
  wake(): void {
    this.#bound.forget()
    this.#woken.resolve()
  }

  /** Looks whether runs can start: at once when one comes, soon while any waits, and otherwise now and then. */
  async watch(idleMs: number, ended: AbortSignal): Promise<void> {
    while (!ended.aborted) {
      this.#woken = Promise.withResolvers()
      const rested = new AbortController()
      const wait = (await this.advance()) ? LOOK_MS : idleMs
      const rest = this.#host.clock.sleep(wait, AbortSignal.any([ended, rested.signal])).catch(() => {})
      await Promise.race([this.#woken.promise, rest])
      rested.abort()
    }
    await this.#hints.close()
  }

  /** Lets those runs start for which there is room. @returns whether it is to be looked again soon */
  async advance(): Promise<boolean> {
    const failures = new Map<string, string>()
    const failed = (path: string) => (error: unknown) => {
      const why = (error as Error).message
      if (this.#failures.get(path) !== why) this.#options.onFailure?.(path, error)
      failures.set(path, why)
    }
    const areLeft = await this.#advance(failed).catch((error: unknown) => {
      failed(this.#records.at.root)(error)
      return true
    })
    this.#failures = failures
    return areLeft
  }

  async #advance(failed: (path: string) => (error: unknown) => void): Promise<boolean> {
    const limits = this.#limitsNow()
    const { at } = this.#records
    const [standing, waiting] = await Promise.all([this.#records.standing(), this.#records.waiting()])
    if (standing.isDamaged) failed(at.running)(new CairnError('BAD_RECORD', `${at.running} is damaged and is rebuilt`))
    const running = await this.#records.unended(standing)
    const had = new Set(running.map((run) => at.ticket(run)))
    const room = new Room(this.#host.env, limits, running)
    const starting: Plan[] = []
    const left: QueuedRun[] = []
    for (const run of waiting) {
      const ticket = at.ticket(run)
      const hasHadItsTurn = had.has(ticket)
      const hasRoom = hasHadItsTurn || !room.reached(run)
      const plan = hasRoom && (await this.#startable(run).catch(failed(ticket)))
      if (plan) starting.push(plan)
      else if (!hasRoom) left.push(run)
      if (!plan || hasHadItsTurn || !isLimited(limits, run.pipeline)) continue
      room.take(run)
      running.push(run)
    }
    if (!(await this.#records.keep(standing, running))) return true // another copy was faster
    await forEachConcurrently(starting, (plan) => this.#start(plan))
    this.#tell(running, left)
    if (left.length > 0) this.#hints.hear(running)
    return left.length > 0
  }

  /** Until the ticket is gone it is told again, so that no death in between leaves a run that has its turn untold. */
  async #start(plan: Plan): Promise<void> {
    await setOff(this.#host, plan)
    await this.#records.leave(plan)
  }

  /** The plan of a run in the queue. What has ended meanwhile, or has no plan any more, leaves the queue. */
  async #startable(run: QueuedRun): Promise<Plan | undefined> {
    const { store, env, vouching } = this.#host
    const at = layout(env, run.pipeline)
    const [plan, end] = await Promise.all([
      readRecord<Plan>(store, at.plan(run.run)),
      readRecord<RunEnd>(store, at.runEnd(run.run)),
    ])
    if (plan) vouching.require(plan)
    if (plan && !end) return plan
    await this.#records.leave(run)
    return undefined
  }

  #tell(running: readonly QueuedRun[], waiting: readonly QueuedRun[]): void {
    if (!channels.queue.hasSubscribers) return
    const pipelines = new Set([...running, ...waiting].map(({ pipeline }) => pipeline))
    const countIn = (runs: readonly QueuedRun[], pipeline: string) =>
      runs.filter((run) => run.pipeline === pipeline).length
    for (const pipeline of this.#told.union(pipelines))
      channels.queue.publish({ pipeline, running: countIn(running, pipeline), waiting: countIn(waiting, pipeline) })
    this.#told = pipelines
  }

  /** While what the project says cannot be read, what it said before holds; whoever plans is told what is wrong. */
  #limitsNow(): RunLimits {
    try {
      this.#limits = runLimitsOf(this.#options.concurrency(), this.#host.env)
    } catch (error) {
      if (!(error instanceof CairnError)) throw error
    }
    return this.#limits
  }
}
