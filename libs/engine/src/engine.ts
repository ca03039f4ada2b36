import { RunContext, type RetainedRun } from './run-context.ts'
import {
  channels,
  traced,
  endEvent,
  readyEvent,
  runEvent,
  lastCollection,
  layout,
  readRecord,
  requireSigned,
  type CairnEvent,
  type Plan,
  type EndRecord,
  type RunEnd,
} from '@cairn/records'
import { claimedEnding, isNew, findContradiction, requireConfirmedEnds, taskOf } from './claims.ts'
import { CairnError } from '@cairn/kernel'
import type { Host } from './host.ts'
import { SingleFlight } from './single-flight.ts'
import { AlreadyEnded, NoPlan, Stopped } from './interruptions.ts'
import { RunCache } from './run-cache.ts'
import { Leases } from './lease.ts'
import { claimRunEnd } from './submit.ts'
import type { Result } from './job.ts'
import { cancelledItems, recordEnd, resultOf, type TaskResources } from './task-end.ts'
import { handOver, isUnfit } from './unfit.ts'

/**
 * Drives runs by reacting to events. An event makes tasks ready; the engine runs each task, records its ending and
 * publishes the ending, which is the event that the next tasks react to. There is no coordinator.
 *
 * A process may die at any moment. Its events are then delivered to another process, which reads the progress from the
 * records.
 */
export class Engine {
  readonly #host: Host
  readonly #resources: TaskResources
  readonly #runs: RunCache
  /** Time since which this host receives every event, in milliseconds since 1970. */
  #receivingSince: number
  #stopped = false

  constructor(host: Host) {
    this.#host = host
    this.#resources = { host, leases: new Leases(host), singleFlight: new SingleFlight() }
    this.#runs = new RunCache(host.maxIdleRuns)
    this.#receivingSince = host.clock.now()
  }

  /**
   * Handles an event. Resolves when everything that follows from it is durable in the store and on the bus. Nothing
   * follows from an event of a run that a collection removed.
   *
   * @throws CairnError NOT_FOUND when there is no such run, or the records contradict the event
   */
  async handle(event: CairnEvent): Promise<void> {
    const { type, data } = event
    if (!HANDLED_TYPES.has(type)) return
    const isOthersBatch = type === 'cairn.ready' && data.step !== undefined && !this.#runsStep(data.step)
    if (isOthersBatch) return
    await this.#handleOwn(event).catch(async (error: unknown) => {
      if (!(error instanceof NoPlan) || !(await this.#wasRemoved(event))) throw error
    })
  }

  async #handleOwn(event: CairnEvent): Promise<void> {
    let contradiction: string | undefined
    await this.#runs.use(
      event.data.run,
      (retained) => this.#loadRun(event, retained),
      async (run) => {
        contradiction = await findContradiction(run, event, (task) => this.#runsStep(run.routing.of(task)))
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
      await run.pendingCancel
      if (type === 'cairn.ready') await this.#runBatch(run, task!, event)
      else await this.#runOrOffer(run, await this.#nextTasks(run, event), event)
    }
    if (run.state.isDone && this.#runsStep(run.routing.ofEnd)) await this.#endRun(run, event)
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
  async confirmCancel({ env, pipeline, run }: Pick<Plan, 'env' | 'pipeline' | 'run'>): Promise<void> {
    if (!this.#runs.has(run)) return
    const end = await readRecord<RunEnd>(this.#host.store, layout(env, pipeline).runEnd(run))
    if (end?.status !== 'cancelled')
      throw new CairnError('NOT_FOUND', `run ${run} of ${pipeline} has no record of a cancellation`)
    this.abort(run)
  }

  /** Stops computing and ends no task. The events being handled are left for the next host. */
  stop(): void {
    this.#stopped = true
    this.#resources.leases.stop()
    this.#runs.abortAll(new Stopped())
  }

  /** Drops the state of all runs, for a host that may have missed events. */
  forget(): void {
    this.#receivingSince = this.#host.clock.now()
    this.#runs.forget()
  }

  /** Number of runs in the cache. */
  get cachedRuns(): number {
    return this.#runs.size
  }

  /** Whether this host runs tasks of a step. */
  #runsStep(step: string | undefined): boolean {
    const { steps } = this.#host
    return steps === undefined || (step !== undefined && steps.has(step))
  }

  /** Whether a collection removed the run of an event that has no plan. */
  async #wasRemoved({ time, data: { env, pipeline } }: CairnEvent): Promise<boolean> {
    const { removedUntil = -Infinity } = (await lastCollection(this.#host.store, layout(env, pipeline))) ?? {}
    return Date.parse(time) < removedUntil
  }

  async #loadRun(event: CairnEvent, retained: RetainedRun): Promise<RunContext> {
    const { store, bus, planSigners } = this.#host
    const { env, pipeline, run: name } = event.data
    const at = layout(env, pipeline)
    // Another event of the run that is being handled may carry an ending that is not announced yet.
    const mayBeNew = event.type === 'cairn.run-started' && retained.users === 1
    const plan = await readRecord<Plan>(store, at.plan(name))
    if (!plan) throw new NoPlan(event.data)
    if (planSigners) requireSigned(plan, planSigners)
    const run = new RunContext(plan, store, bus, retained)
    const receivingSince = Math.max(this.#receivingSince, this.#runs.forgottenUntil)
    run.isAssumedNew = mayBeNew && isNew(event, plan, retained.announced, receivingSince)
    if (run.isAssumedNew) return run
    const [end] = await Promise.all([readRecord<RunEnd>(store, at.runEnd(name)), run.readEnds()])
    if (end?.status === 'cancelled') retained.cancel.abort(cancelled(name))
    return run
  }

  /**
   * Lists the tasks to act on after an event: those that it made ready, and those that ended without its sender's
   * knowledge.
   */
  async #nextTasks(run: RunContext, event: CairnEvent): Promise<string[]> {
    const { state, announced, routing } = run
    const task = taskOf(event)
    if (task !== undefined) {
      announced.add(task)
      state.end(task, claimedEnding(state, event) ?? (await run.end(task)))
    }
    const candidates = task === undefined ? state.initiallyReady : [...state.readyAfter(task)]
    if (run.isAssumedNew && task !== undefined && this.#hasMissedEndings(run, task, candidates)) await run.readEnds()
    return candidates.filter(
      (next) =>
        this.#runsStep(routing.of(next)) && !announced.has(next) && (state.isReady(next) || state.hasEnded(next)),
    )
  }

  /**
   * Whether this host has missed endings: of a task that this one waited for or, when this one is the last, of any
   * other.
   */
  #hasMissedEndings({ state, routing }: RunContext, task: string, candidates: readonly string[]): boolean {
    if (candidates.length === 0 && !state.isDone && this.#runsStep(routing.ofEnd)) return true
    for (const need of state.waitedFor(task)) if (!state.hasEnded(need)) return true
    return false
  }

  /** Runs tasks, except that batches are offered to any host with free capacity. */
  async #runOrOffer(run: RunContext, tasks: readonly string[], cause: CairnEvent): Promise<void> {
    const isOffered = (task: string) => task.includes('/') && run.state.isReady(task) && !run.busy.has(task)
    const offered = tasks.filter(isOffered)
    const now = this.#host.clock.now()
    if (offered.length > 0)
      await run.publish(
        offered.map((task) => readyEvent(run.plan, task, now)),
        { cause },
      )
    await Promise.all(tasks.filter((task) => !isOffered(task)).map((task) => this.#runTask(run, task, cause)))
  }

  /** Runs a batch that was offered, possibly by a process that has received more events of the run than this one. */
  async #runBatch(run: RunContext, task: string, cause: CairnEvent): Promise<void> {
    const { state, routing } = run
    if (!this.#runsStep(routing.of(task))) return
    for (const need of state.waitedFor(task)) if (!state.hasEnded(need)) state.end(need, await run.end(need))
    if (!state.has(task)) throw new CairnError('NOT_FOUND', `run ${run.plan.run} has no task ${task}`)
    // When attempts are counted in the store, counting them also shows whether the task has ended.
    const end = state.hasEnded(task) || this.#host.hasSuccessor ? undefined : await run.findEnd(task)
    if (end) state.end(task, end)
    await this.#runTask(run, task, cause)
  }

  async #cancelTasks(run: RunContext, cause: CairnEvent): Promise<void> {
    const confirmed = this.confirmCancel(run.plan)
    run.pendingCancel = confirmed.catch(() => {})
    await confirmed
    const mine = [...run.state.unfinished()].filter((task) => this.#runsStep(run.routing.of(task)))
    await Promise.all(mine.map((task) => this.#runTask(run, task, cause)))
  }

  #runTask(run: RunContext, task: string, cause: CairnEvent): Promise<unknown> {
    let work = run.busy.get(task)
    if (!work) {
      const { plan, state } = run
      const message = () => ({ plan, task, host: this.#host.name, cause, needs: [...new Set(state.waitedFor(task))] })
      work = traced(channels.task, message, () => this.#completeTask(run, task, cause))
      run.busy.set(task, work)
      const forget = () => void (run.busy.get(task) === work && run.busy.delete(task))
      work.then(forget, forget)
    }
    return work
  }

  /** Runs a task unless it has ended, and publishes its end. Returns undefined if it is handed over to another host. */
  async #completeTask(run: RunContext, task: string, cause: CairnEvent): Promise<EndRecord | undefined> {
    if (this.#stopped) throw new Stopped()
    const end = run.state.hasEnded(task) ? await run.end(task) : await this.#runOrCancel(run, task, cause)
    if (!end) return undefined
    await run.publish([endEvent(run.plan, task, end)], { cause })
    run.announced.add(task)
    return end
  }

  /**
   * Runs a task, or records that it was cancelled, and returns its terminal record; undefined if it is handed over to
   * another host.
   */
  async #runOrCancel(run: RunContext, task: string, cause: CairnEvent): Promise<EndRecord | undefined> {
    const startedAt = this.#host.clock.now()
    try {
      const result = await resultOf(this.#resources, run, task).catch((error: unknown) => {
        if (isUnfit(this.#host, error)) return handOver(this.#host, run, task, cause, error)
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
    await requireConfirmedEnds(run)
    const end = await claimRunEnd(this.#host, run.plan, run.state.status)
    await run.publish([runEvent(run.plan, 'run-ended', end.endedAt, end)], { cause })
  }
}

const HANDLED_TYPES: ReadonlySet<string> = new Set(
  ['run-started', 'run-cancelled', 'ready', 'completed', 'failed', 'timed-out', 'cancelled', 'skipped', 'blocked'].map(
    (type) => `cairn.${type}`,
  ),
)

function cancelled(run: string): CairnError {
  return new CairnError('CANCELLED', `run ${run} was cancelled`)
}
