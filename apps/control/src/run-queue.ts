import { runLimitsOf, type ConcurrencySettings, type RunLimits } from '@cairn/workspace'
import { CairnError } from '@cairn/kernel'
import { mapConcurrently, channels, layout, readRecord, type Plan, type QueuedRun, type RunEnd } from '@cairn/records'
import { publishStart } from '@cairn/engine'
import type { ControlHost } from './control-host.ts'
import { EndHints } from './end-hints.ts'
import { QueueAdmission } from './queue-admission.ts'
import { QueueRecords } from './queue-records.ts'
import { isLimited, QueueCapacity } from './queue-capacity.ts'
import { QueueView } from './queue-view.ts'

export interface RunQueueOptions {
  /** The current limits of concurrent runs of the project. */
  readonly concurrency: () => ConcurrencySettings | undefined
  /** Refuses settings that name a pipeline that does not exist, and that would otherwise have no limit. */
  readonly checkSettings: () => Promise<void>
  /** Rejects with NOT_FOUND if the project no longer has a pipeline. Its runs wait, and keep no other run waiting. */
  readonly requirePipeline: (pipeline: string) => Promise<void>
  /** Called once per reason for a queued run, or a queue, that cannot be read. */
  readonly onFailure?: (path: string, error: unknown) => void
}

/** How often waiting runs are checked. Events of ended runs only make it faster. */
const POLL_MS = 2_000
/** Maximum age of the view that followers share. Milliseconds. */
const RECENT_MS = 1_000

/**
 * Starts runs in order within the limits of concurrent runs. A queued run has a plan that says so, and a ticket. It is
 * started once the record of running runs names it; then its first event is published, then its ticket is removed. Any
 * copy of control can do the next step of any run, and every step is idempotent.
 */
export class RunQueue {
  readonly #host: Pick<ControlHost, 'env' | 'store' | 'bus' | 'clock' | 'planSigning'>
  readonly #records: QueueRecords
  readonly #options: RunQueueOptions
  readonly #hints: EndHints
  readonly #admission: QueueAdmission
  #wakeUp = Promise.withResolvers<void>()
  #limits: RunLimits
  /** The settings that the limits are from, as text. */
  #settings = ''
  /** The settings whose pipelines all exist. */
  #checked: string | undefined
  #recent: { readonly at: number; readonly view: Promise<QueueView> } | undefined
  /** Reported faults. */
  #failures: ReadonlyMap<string, string> = new Map()
  /** Pipelines with runs in the queue that the project no longer has. */
  #removed: ReadonlySet<string> = new Set()
  /** Pipelines with faults. */
  #reported: ReadonlySet<string> = new Set()

  /** @throws CairnError BAD_DEFINITION for invalid limits */
  constructor(host: Pick<ControlHost, 'env' | 'store' | 'bus' | 'clock' | 'planSigning'>, options: RunQueueOptions) {
    this.#host = host
    this.#records = new QueueRecords(host.env, host.store)
    this.#options = options
    this.#limits = runLimitsOf(options.concurrency(), host.env)
    this.#hints = new EndHints(host, () => this.wake())
    this.#admission = new QueueAdmission({
      env: host.env,
      records: this.#records,
      limits: () => this.#limitsNow(),
      now: () => host.clock.monotonic(),
    })
  }

  /** Whether new runs of a pipeline are queued. */
  isLimited(pipeline: string): boolean {
    return isLimited(this.#limitsNow(), pipeline)
  }

  /**
   * Admits a run of a pipeline for planning, unless it would have to wait in a full queue.
   *
   * @returns a function to call once it has been queued or started, or will not be
   * @throws RequestRefused with `Retry-After`
   * @throws CairnError BAD_DEFINITION for invalid limits, with which nothing is planned
   */
  async admit(pipeline: string): Promise<() => void> {
    this.#readLimits()
    return isLimited(this.#limits, pipeline) ? this.#admission.admit(pipeline) : () => {}
  }

  /** Starts or queues a planned run. A repeated call changes nothing. */
  async start(plan: Plan): Promise<void> {
    if (!plan.queued) return publishStart(this.#host, plan)
    await this.#records.enter(plan)
    this.wake()
  }

  /** Removes an ended run from the queue. */
  async leave(run: QueuedRun): Promise<void> {
    await this.#records.leave(run)
    this.wake()
  }

  async view(): Promise<QueueView> {
    // Read tickets first: a run whose ticket is gone is already in `running`.
    const waiting = await this.#records.waiting()
    const { runs } = await this.#records.running()
    return new QueueView(this.#host.env, this.#limitsNow(), runs, waiting, this.#removed)
  }

  /** The same, possibly a moment old, so that the cost does not grow with the number of readers. */
  recentView(): Promise<QueueView> {
    const now = this.#host.clock.monotonic()
    if (!this.#recent || now - this.#recent.at > RECENT_MS) this.#recent = { at: now, view: this.view() }
    return this.#recent.view
  }

  /** Checks now whether a run can start. */
  wake(): void {
    this.#admission.forget()
    this.#wakeUp.resolve()
  }

  /** Checks whether runs can start: at once for a new run, soon while any waits, and otherwise occasionally. */
  async watch(idleMs: number, ended: AbortSignal): Promise<void> {
    while (!ended.aborted) {
      this.#wakeUp = Promise.withResolvers()
      const awake = new AbortController()
      const wait = (await this.advance()) ? POLL_MS : idleMs
      const rest = this.#host.clock.sleep(wait, AbortSignal.any([ended, awake.signal])).catch(() => {})
      await Promise.race([this.#wakeUp.promise, rest])
      awake.abort()
    }
    await this.#hints.close()
  }

  /** Starts the runs within the limits. @returns whether to check again soon */
  async advance(): Promise<boolean> {
    const failures = new Map<string, string>()
    const failed = (path: string) => (error: unknown) => {
      const why = (error as Error).message
      if (this.#failures.get(path) !== why) this.#options.onFailure?.(path, error)
      failures.set(path, why)
    }
    const anyWait = await this.#advance(failed).catch((error: unknown) => {
      failed(this.#records.at.root)(error)
      return true
    })
    this.#failures = failures
    return anyWait
  }

  async #advance(failed: (path: string) => (error: unknown) => void): Promise<boolean> {
    const { at } = this.#records
    const [stored, waiting] = await Promise.all([this.#records.running(), this.#records.waiting()])
    const limits = waiting.length > 0 ? await this.#checkedLimits() : this.#limitsNow()
    if (stored.isDamaged) failed(at.running)(new CairnError('BAD_RECORD', `${at.running} is damaged and is rebuilt`))
    const running = await this.#records.unended(stored)
    const started = new Set(running.map((run) => at.ticket(run)))
    const capacity = new QueueCapacity(this.#host.env, limits, running)
    const starting: Plan[] = []
    const stillWaiting: QueuedRun[] = []
    const removed = new Set<string>()
    for (const run of waiting) {
      const ticket = at.ticket(run)
      const hasStarted = started.has(ticket)
      const hasCapacity = hasStarted || !capacity.reached(run)
      const mayBeRemoved = !hasStarted && (hasCapacity || this.#removed.has(run.pipeline))
      const isRemoved = mayBeRemoved && !(await this.#isInProject(run, failed(ticket)))
      if (isRemoved) removed.add(run.pipeline)
      const plan = (hasCapacity || isRemoved) && (await this.#startable(run).catch(failed(ticket)))
      if (plan && !isRemoved) starting.push(plan)
      else if (isRemoved ? plan : !hasCapacity) stillWaiting.push(run)
      if (!plan || isRemoved || hasStarted || !isLimited(limits, run.pipeline)) continue
      capacity.take(run)
      running.push(run)
    }
    if (!(await this.#records.writeRunning(stored, running))) return true // another copy was faster
    await mapConcurrently(starting, (plan) => this.#start(plan))
    this.#removed = removed
    this.#publishCounts(running, stillWaiting)
    if (stillWaiting.length > 0) this.#hints.listen(running)
    return stillWaiting.length > 0
  }

  /** Publishes the start again until the ticket is gone, so that a crash in between cannot lose it. */
  async #start(plan: Plan): Promise<void> {
    await publishStart(this.#host, plan)
    await this.#records.leave(plan)
  }

  /** The plan of a queued run. Runs that have ended or lost their plan leave the queue. */
  async #startable(run: QueuedRun): Promise<Plan | undefined> {
    const { store, env, planSigning } = this.#host
    const at = layout(env, run.pipeline)
    const [plan, end] = await Promise.all([
      readRecord<Plan>(store, at.plan(run.run)),
      readRecord<RunEnd>(store, at.runEnd(run.run)),
    ])
    if (plan) planSigning.require(plan)
    if (plan && !end) return plan
    await this.#records.leave(run)
    return undefined
  }

  /** Whether the project still has the pipeline of a run. A pipeline that cannot be loaded counts as present. */
  async #isInProject({ pipeline }: QueuedRun, failed: (error: unknown) => void): Promise<boolean> {
    try {
      await this.#options.requirePipeline(pipeline)
    } catch (error) {
      if (error instanceof CairnError && error.code === 'NOT_FOUND') return (failed(error), false)
    }
    return true
  }

  #publishCounts(running: readonly QueuedRun[], waiting: readonly QueuedRun[]): void {
    if (!channels.queue.hasSubscribers) return
    const pipelines = new Set([...running, ...waiting].map(({ pipeline }) => pipeline))
    const countIn = (runs: readonly QueuedRun[], pipeline: string) =>
      runs.filter((run) => run.pipeline === pipeline).length
    for (const pipeline of this.#reported.union(pipelines))
      channels.queue.publish({ pipeline, running: countIn(running, pipeline), waiting: countIn(waiting, pipeline) })
    this.#reported = pipelines
  }

  /** The limits for starting runs. @throws CairnError BAD_DEFINITION while they name a pipeline that does not exist */
  async #checkedLimits(): Promise<RunLimits> {
    for (;;) {
      const limits = this.#limitsNow()
      const settings = this.#settings
      if (settings === this.#checked) return limits
      await this.#options.checkSettings()
      this.#limitsNow()
      if (this.#settings === settings) this.#checked = settings // else they were changed meanwhile
    }
  }

  /** While the settings cannot be read, the previous ones apply; requests that plan get the error. */
  #limitsNow(): RunLimits {
    try {
      this.#readLimits()
    } catch (error) {
      if (!(error instanceof CairnError)) throw error
    }
    return this.#limits
  }

  #readLimits(): void {
    const settings = this.#options.concurrency()
    this.#limits = runLimitsOf(settings, this.#host.env)
    this.#settings = JSON.stringify(settings) ?? ''
  }
}
