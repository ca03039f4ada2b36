import {
  pipelineNames,
  claim,
  controlTopicOf,
  layout,
  queueLayout,
  readRecord,
  RECORD_VERSION,
  runEvent,
  topicOf,
  type Plan,
  type RunEnd,
} from '@cairn/records'
import { runNames } from '@cairn/workspace'
import type { Champions } from './champions.ts'
import type { ControlHost } from './control-host.ts'
import type { QueueView } from './queue-view.ts'
import type { RunQueue } from './run-queue.ts'
import { RunProgress } from './run-progress.ts'

export interface ReconcilerOptions {
  /** How long a run may be stalled before its events are sent again, in milliseconds. */
  readonly lostAfterMs: number
  /** Called for each run that needed help. */
  readonly onRepair?: (run: string, what: string) => void
  /**
   * Called once per reason for each run that could not be checked or that this control did not plan. It is skipped,
   * checked again in the next sweep, and does not delay the others.
   */
  readonly onFailure?: (folder: string, error: unknown) => void
}

/**
 * Number of newest runs of a pipeline that each sweep looks at, besides queued runs and those that were found open. A new
 * process looks at all older ones once, as many in a sweep.
 */
export const RUNS_CHECKED = 500

interface OpenRun {
  readonly run: RunProgress
  /** When it last progressed or was helped, in monotonic time of this process, as clocks change and differ. */
  progressAt: number | undefined
  /** Number of times it was helped. */
  repairs: number
}
/** Ended runs are checked again after this many sweeps, as a repair may have moved a damaged end to quarantine. */
const RECHECK_SWEEPS = 60
interface EndedRun {
  /** Sweeps until the next check. */
  sweepsLeft: number
}

/**
 * Repairs runs, off the hot path: ends a run whose last committer died before it wrote the end, sends the events of a
 * stalled run again, and announces a production run if that was not done. Everything that it does may be done twice, even
 * by two reconcilers at once.
 */
export class Reconciler {
  readonly #host: ControlHost
  readonly #champions: Pick<Champions, 'announce'>
  readonly #queue: Pick<RunQueue, 'view' | 'start' | 'leave'>
  readonly #options: ReconcilerOptions
  /** Runs by folder, including ended ones. */
  #runs: ReadonlyMap<string, OpenRun | EndedRun> = new Map()
  /** By pipeline: older runs that this process has not looked at yet. */
  readonly #older = new Map<string, string[]>()
  /** Pipelines whose ended runs are checked again in the next sweep. */
  readonly #forgotten = new Set<string>()
  /** Reported faults of runs that could not be checked, by folder. */
  #failures: ReadonlyMap<string, string> = new Map()

  constructor(
    host: ControlHost,
    champions: Pick<Champions, 'announce'>,
    queue: Pick<RunQueue, 'view' | 'start' | 'leave'>,
    options: ReconcilerOptions,
  ) {
    this.#host = host
    this.#champions = champions
    this.#queue = queue
    this.#options = options
  }

  /** Checks the ended runs of a pipeline again in the next sweep, because a repair has moved records of it. */
  forget(pipeline: string): void {
    this.#forgotten.add(pipeline)
  }

  async sweep(): Promise<void> {
    const { store, env } = this.#host
    const runs = new Map<string, OpenRun | EndedRun>()
    const failures = new Map<string, string>()
    const failed = (folder: string) => (error: unknown) => {
      const why = (error as Error).message
      if (this.#failures.get(folder) !== why) this.#options.onFailure?.(folder, error)
      failures.set(folder, why)
    }
    const view = (await this.#queue.view().catch(failed(queueLayout(env).root))) ?? undefined
    for (const pipeline of await pipelineNames(store, env)) {
      const at = layout(env, pipeline)
      const isForgotten = this.#forgotten.delete(pipeline)
      await this.#champions.announce(pipeline).catch(failed(at.root))
      const names = await runNames(store, at)
      if (!this.#older.has(pipeline)) this.#older.set(pipeline, names.slice(RUNS_CHECKED))
      const older = this.#older.get(pipeline)!.splice(0, RUNS_CHECKED)
      const open = this.openRuns(pipeline)
      const looked = [...names.slice(0, RUNS_CHECKED), ...older, ...open, ...(view?.runsOf(pipeline) ?? [])]
      for (const name of new Set(looked)) {
        const folder = at.run(name)
        const known = this.#runs.get(folder)
        const before = isForgotten && known && 'sweepsLeft' in known ? undefined : known
        const entry = await this.#sweepOne(before, at.plan(name), view).catch(failed(folder))
        if (entry) runs.set(folder, entry)
      }
    }
    this.#runs = runs
    this.#failures = failures
  }

  /** Whether a run was over when it was last checked. */
  isOver(pipeline: string, run: string): boolean {
    const entry = this.#runs.get(layout(this.#host.env, pipeline).run(run))
    return entry !== undefined && 'sweepsLeft' in entry
  }

  /** Lists the runs of a pipeline that had not ended when they were last checked, however old they are. */
  openRuns(pipeline: string): string[] {
    const { runs } = layout(this.#host.env, pipeline)
    return [...this.#runs].flatMap(([folder, entry]) =>
      'run' in entry && folder.startsWith(runs) ? [entry.run.plan.run] : [],
    )
  }

  async #sweepOne(
    entry: OpenRun | EndedRun | undefined,
    path: string,
    view: QueueView | undefined,
  ): Promise<OpenRun | EndedRun | undefined> {
    if (entry && 'sweepsLeft' in entry && --entry.sweepsLeft > 0) return entry
    if (entry && 'run' in entry) return this.#checkRun(entry, view)
    const { store, planSigning } = this.#host
    const plan = await readRecord<Plan>(store, path)
    if (!plan) return undefined
    planSigning.require(plan)
    return this.#checkRun({ run: new RunProgress(plan, store), progressAt: undefined, repairs: 0 }, view)
  }

  async #checkRun(entry: OpenRun, view: QueueView | undefined): Promise<OpenRun | EndedRun> {
    const { run } = entry
    const { store, clock } = this.#host
    const { plan, state } = run
    const end = await readRecord<RunEnd>(store, layout(plan.env, plan.pipeline).runEnd(plan.run))
    if (plan.queued && (await this.#isQueued(plan, end, view))) {
      entry.progressAt = clock.monotonic() // it was stalled for a good reason
      return entry
    }
    if (end && end.status !== 'cancelled') return endedRun()
    const hasProgressed = await run.readNewEnds()
    if (state.isDone && end) return endedRun()
    if (entry.progressAt === undefined) entry.progressAt = this.#lastProgressOf(run)
    else if (hasProgressed) entry.progressAt = clock.monotonic()
    // The delay grows each time that sending again did not help.
    const waitMs = this.#options.lostAfterMs * 2 ** Math.min(entry.repairs, 6)
    if (clock.monotonic() - entry.progressAt < waitMs) return entry
    if (state.isDone) {
      await this.#recordEnd(run)
      return endedRun()
    }
    await this.#resendEvents(entry, end !== undefined)
    return entry
  }

  /** For a run not seen before, the times of its records are used, as far as the clocks of their hosts can be trusted. */
  #lastProgressOf({ plan, lastEndedAt }: RunProgress): number {
    const { clock } = this.#host
    const stalledMs = plan.queued ? 0 : Math.max(clock.now() - lastEndedAt, 0)
    return clock.monotonic() - stalledMs
  }

  /** Whether a run is queued. If it lacks a ticket because its planner died, it gets one. */
  async #isQueued(plan: Plan, end: RunEnd | undefined, view: QueueView | undefined): Promise<boolean> {
    if (!view) return end === undefined
    const hasTicket = view.hasTicket(plan)
    if (end) {
      if (hasTicket) await this.#queue.leave(plan)
      return false
    }
    if (!view.isWaiting(plan)) return false
    if (!hasTicket) await this.#queue.start(plan)
    return true
  }

  async #recordEnd({ plan, state }: RunProgress): Promise<void> {
    const { store, bus, clock, name } = this.#host
    const path = layout(plan.env, plan.pipeline).runEnd(plan.run)
    const mine: RunEnd = { v: RECORD_VERSION, status: state.status, endedAt: clock.now(), host: name }
    const end = await claim(store, path, mine)
    await bus.publish(topicOf(plan), [runEvent(plan, 'run-ended', end.endedAt, end)])
    if (end.endedAt === mine.endedAt && end.host === name)
      this.#options.onRepair?.(plan.run, 'it had ended, but its end was not recorded')
  }

  async #resendEvents(entry: OpenRun, isCancelled: boolean): Promise<void> {
    const { bus, clock } = this.#host
    const { run } = entry
    const { plan } = run
    entry.progressAt = clock.monotonic()
    entry.repairs++
    const cancelled = isCancelled ? [runEvent(plan, 'run-cancelled', clock.now())] : []
    const events = [...cancelled, ...(await run.lostEvents(clock.now()))]
    if (isCancelled) await bus.publish(controlTopicOf(plan), cancelled)
    await bus.publish(topicOf(plan), events)
    this.#options.onRepair?.(plan.run, `it had stalled; ${events.length} events were sent again`)
  }
}

/** Spread over the sweeps, so that no sweep checks many. */
function endedRun(): EndedRun {
  return { sweepsLeft: RECHECK_SWEEPS + Math.floor(Math.random() * RECHECK_SWEEPS) }
}
