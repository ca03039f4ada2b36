import { RunContext, type Kept } from './run-context.ts'
import {
  channels,
  traced,
  endEvent,
  readyEvent,
  runEvent,
  layout,
  readRecord,
  requireSigned,
  type CairnEvent,
  type Plan,
  type EndRecord,
  type RunEnd,
} from '@cairn/records'
import { endingOf, isNew, contradictionIn, requireEnds, taskOf } from './claims.ts'
import { CairnError } from '@cairn/kernel'
import type { Host } from './host.ts'
import { SingleFlight } from './single-flight.ts'
import { AlreadyEnded, Stopped } from './interruptions.ts'
import { RunCache } from './run-cache.ts'
import { Leases } from './lease.ts'
import { claimRunEnd } from './submit.ts'
import type { Result } from './job.ts'
import { cancelledItems, recordEnd, resultOf, type Means } from './task-end.ts'
import { handOn, isUnfit } from './unfit.ts'

/**
 * Drives runs by reacting to events. An event makes tasks ready; the engine runs each task, records its ending and
 * publishes the ending, which is the event that the next tasks react to. There is no coordinator.
 *
 * A process may die at any moment. Its events are then delivered to another process, which reads the progress from the
 * records.
 */
export class Engine {
  readonly #host: Host
  readonly #means: Means
  readonly #runs: RunCache
  /** Time since which this host receives every event, in milliseconds since 1970. */
  #hearsSince: number
  #stopped = false

  constructor(host: Host) {
    this.#host = host
    this.#means = { host, leases: new Leases(host), singleFlight: new SingleFlight() }
    this.#runs = new RunCache(host.rememberedRuns)
    this.#hearsSince = host.clock.now()
  }

  /**
   * Handles an event. Resolves when everything that follows from it is durable in the store and on the bus.
   *
   * @throws CairnError NOT_FOUND when there is no such run, or the records contradict the event
   */
  async handle(event: CairnEvent): Promise<void> {
    const { type, data } = event
    if (!REACTED_TO.has(type)) return
    const isOthersBatch = type === 'cairn.ready' && data.step !== undefined && !this.#sees(data.step)
    if (isOthersBatch) return
    let contradiction: string | undefined
    await this.#runs.use(
      data.run,
      (kept) => this.#rebuild(event, kept),
      async (run) => {
        contradiction = await contradictionIn(run, event, (task) => this.#sees(run.routing.of(task)))
        if (contradiction === undefined) await this.#react(run, event)
      },
    )
    if (contradiction !== undefined) throw new CairnError('NOT_FOUND', contradiction)
  }

  async #react(run: RunContext, event: CairnEvent): Promise<void> {
    const { type } = event
    const task = taskOf(event)
    if (type === 'cairn.run-cancelled') await this.#cancelTasks(run, event)
    else {
      await run.hearing
      if (type === 'cairn.ready') await this.#runBatch(run, task!, event)
      else await this.#goOn(run, await this.#next(run, event), event)
    }
    if (run.state.done && this.#sees(run.routing.ofEnd)) await this.#endRun(run, event)
  }

  /** Aborts what this process computes for a cancelled run, before the events of that arrive. */
  abort(run: string): void {
    this.#runs.abort(run, cancelled(run))
  }

  /**
   * Aborts a run after an event said that it is cancelled. Only the run's end record counts.
   *
   * @throws CairnError NOT_FOUND when no record says that the run is cancelled
   */
  async hearCancel({ env, pipeline, run }: Pick<Plan, 'env' | 'pipeline' | 'run'>): Promise<void> {
    if (!this.#runs.has(run)) return
    const end = await readRecord<RunEnd>(this.#host.store, layout(env, pipeline).runEnd(run))
    if (end?.status !== 'cancelled')
      throw new CairnError('NOT_FOUND', `run ${run} of ${pipeline} has no record of a cancellation`)
    this.abort(run)
  }

  /** Stops computing and ends no task. The events being handled are left for the next host. */
  stop(): void {
    this.#stopped = true
    this.#means.leases.stop()
    this.#runs.abortAll(new Stopped())
  }

  /** Drops the state of all runs, for a host that may have missed events. */
  forget(): void {
    this.#hearsSince = this.#host.clock.now()
    this.#runs.forget()
  }

  /** Number of runs in the cache. */
  get cachedRuns(): number {
    return this.#runs.size
  }

  /** Whether this host runs tasks of a step. */
  #sees(step: string | undefined): boolean {
    const { steps } = this.#host
    return steps === undefined || (step !== undefined && steps.has(step))
  }

  async #rebuild(event: CairnEvent, kept: Kept): Promise<RunContext> {
    const { store, bus, plansBy } = this.#host
    const { env, pipeline, run: name } = event.data
    const at = layout(env, pipeline)
    // Another event of the run that is being handled may carry an ending that is not announced yet.
    const mayBeNew = event.type === 'cairn.run-started' && kept.users === 1
    const plan = await readRecord<Plan>(store, at.plan(name))
    if (!plan) throw new CairnError('NOT_FOUND', `run ${name} of ${pipeline} has no plan in ${env}`)
    if (plansBy) requireSigned(plan, plansBy)
    const run = new RunContext(plan, store, bus, kept)
    const hearsSince = Math.max(this.#hearsSince, this.#runs.forgottenUntil)
    run.isTakenForNew = mayBeNew && isNew(event, plan, kept.announced, hearsSince)
    if (run.isTakenForNew) return run
    const [end] = await Promise.all([readRecord<RunEnd>(store, at.runEnd(name)), run.readEnds()])
    if (end?.status === 'cancelled') kept.cancel.abort(cancelled(name))
    return run
  }

  /**
   * Lists the tasks to act on after an event: those that it made ready, and those that ended without its sender's
   * knowledge.
   */
  async #next(run: RunContext, event: CairnEvent): Promise<string[]> {
    const { state, announced, routing } = run
    const task = taskOf(event)
    if (task !== undefined) {
      announced.add(task)
      state.end(task, endingOf(state, event) ?? (await run.end(task)))
    }
    const called = task === undefined ? state.first : [...state.after(task)]
    if (run.isTakenForNew && task !== undefined && this.#lacksEndings(run, task, called)) await run.readEnds()
    return called.filter(
      (next) => this.#sees(routing.of(next)) && !announced.has(next) && (state.ready(next) || state.ended(next)),
    )
  }

  /**
   * Whether this host has missed endings: of a task that this one waited for or, when this one is the last, of any
   * other.
   */
  #lacksEndings({ state, routing }: RunContext, task: string, called: readonly string[]): boolean {
    if (called.length === 0 && !state.done && this.#sees(routing.ofEnd)) return true
    for (const need of state.waitedFor(task)) if (!state.ended(need)) return true
    return false
  }

  /** Runs tasks, but offers batches to any host with free capacity. */
  async #goOn(run: RunContext, tasks: readonly string[], cause: CairnEvent): Promise<void> {
    const isHandedOn = (task: string) => task.includes('/') && run.state.ready(task) && !run.busy.has(task)
    const handedOn = tasks.filter(isHandedOn)
    const now = this.#host.clock.now()
    if (handedOn.length > 0)
      await run.publish(
        handedOn.map((task) => readyEvent(run.plan, task, now)),
        { cause },
      )
    await Promise.all(tasks.filter((task) => !isHandedOn(task)).map((task) => this.#perform(run, task, cause)))
  }

  /** Runs a batch that was offered, possibly by a process that has received more events of the run than this one. */
  async #runBatch(run: RunContext, task: string, cause: CairnEvent): Promise<void> {
    const { state, routing } = run
    if (!this.#sees(routing.of(task))) return
    for (const need of state.waitedFor(task)) if (!state.ended(need)) state.end(need, await run.end(need))
    if (!state.has(task)) throw new CairnError('NOT_FOUND', `run ${run.plan.run} has no task ${task}`)
    // When attempts are counted in the store, counting them also shows whether the task has ended.
    const standing = state.ended(task) || this.#host.hasSuccessor ? undefined : await run.standing(task)
    if (standing) state.end(task, standing)
    await this.#perform(run, task, cause)
  }

  async #cancelTasks(run: RunContext, cause: CairnEvent): Promise<void> {
    const heard = this.hearCancel(run.plan)
    run.hearing = heard.catch(() => {})
    await heard
    const mine = [...run.state.unfinished()].filter((task) => this.#sees(run.routing.of(task)))
    await Promise.all(mine.map((task) => this.#perform(run, task, cause)))
  }

  #perform(run: RunContext, task: string, cause: CairnEvent): Promise<unknown> {
    let work = run.busy.get(task)
    if (!work) {
      const { plan, state } = run
      const message = () => ({ plan, task, host: this.#host.name, cause, needs: [...new Set(state.waitedFor(task))] })
      work = traced(channels.task, message, () => this.#endTask(run, task, cause))
      run.busy.set(task, work)
      const forget = () => void (run.busy.get(task) === work && run.busy.delete(task))
      work.then(forget, forget)
    }
    return work
  }

  async #endTask(run: RunContext, task: string, cause: CairnEvent): Promise<EndRecord | undefined> {
    if (this.#stopped) throw new Stopped()
    const end = run.state.ended(task) ? await run.end(task) : await this.#work(run, task, cause)
    if (!end) return undefined
    await run.publish([endEvent(run.plan, task, end)], { cause })
    run.announced.add(task)
    return end
  }

  /** Returns the task's terminal record; undefined when the task is handed on to another host. */
  async #work(run: RunContext, task: string, cause: CairnEvent): Promise<EndRecord | undefined> {
    const startedAt = this.#host.clock.now()
    try {
      const result = await resultOf(this.#means, run, task).catch((error: unknown) => {
        if (isUnfit(this.#host, error)) return handOn(this.#host, run, task, cause, error)
        throw error
      })
      if (result) return await this.#record(run, task, startedAt, result)
      return undefined
    } catch (error) {
      if (error instanceof AlreadyEnded) return error.end
      if (this.#stopped || !run.signal.aborted) throw error
      return this.#record(run, task, startedAt, { items: cancelledItems(run, task), attempts: 0, failures: [] })
    }
  }

  #record(run: RunContext, task: string, startedAt: number, result: Result): Promise<EndRecord> {
    if (this.#stopped) throw new Stopped()
    return recordEnd(this.#host, run, task, startedAt, result)
  }

  async #endRun(run: RunContext, cause: CairnEvent): Promise<void> {
    await requireEnds(run)
    const end = await claimRunEnd(this.#host, run.plan, run.state.status)
    await run.publish([runEvent(run.plan, 'run-ended', end.endedAt, end)], { cause })
  }
}

const REACTED_TO: ReadonlySet<string> = new Set(
  ['run-started', 'run-cancelled', 'ready', 'completed', 'failed', 'timed-out', 'cancelled', 'skipped', 'blocked'].map(
    (type) => `cairn.${type}`,
  ),
)

function cancelled(run: string): CairnError {
  return new CairnError('CANCELLED', `run ${run} was cancelled`)
}
