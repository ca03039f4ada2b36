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
import { WatchedRun } from './watched-run.ts'

export interface ReconcilerOptions {
  /** How long a run may be stalled before its events are sent again, in milliseconds. */
  readonly lostAfterMs: number
  /** Called for each run that needed help. */
  readonly onHelp?: (run: string, what: string) => void
  /**
   * Called once per reason for each run that could not be checked or that this control did not plan. It is skipped,
   * checked again in the next sweep, and does not delay the others.
   */
  readonly onFailure?: (folder: string, error: unknown) => void
}

/** Number of newest runs of a pipeline to check, besides queued ones. Older runs were checked long ago. */
export const LOOKED_AT = 500

interface Watch {
  readonly run: WatchedRun
  /** When it last progressed or was helped, in monotonic time of this process, as clocks change and differ. */
  movedAt: number | undefined
  /** Number of times it was helped. */
  helped: number
}
/** Ended runs are checked again after this many sweeps, as a repair may have moved a damaged end to quarantine. */
const REST = 60
interface Over {
  /** Sweeps until the next check. */
  left: number
}

/**
 * Repairs runs, off the hot path: ends a run whose last committer died before it wrote the end, sends the events of a
 * stalled run again, and announces a production run if that was not done. Everything that it does may be done twice, even
 * by two reconcilers at once.
 */
export class Reconciler {
  readonly #host: ControlHost
  readonly #champions: Pick<Champions, 'tell'>
  readonly #queue: Pick<RunQueue, 'view' | 'begin' | 'leave'>
  readonly #options: ReconcilerOptions
  /** Runs by folder, including ended ones. */
  #watched: ReadonlyMap<string, Watch | Over> = new Map()
  /** Pipelines whose ended runs are checked again in the next sweep. */
  readonly #forgotten = new Set<string>()
  /** Reported faults of runs that could not be checked, by folder. */
  #failures: ReadonlyMap<string, string> = new Map()

  constructor(
    host: ControlHost,
    champions: Pick<Champions, 'tell'>,
    queue: Pick<RunQueue, 'view' | 'begin' | 'leave'>,
    options: ReconcilerOptions,
  ) {
    this.#host = host
    this.#champions = champions
    this.#queue = queue
    this.#options = options
  }

  /** Looks again at the ended runs of a pipeline in the next sweep: a repair has moved records of it. */
  forget(pipeline: string): void {
    this.#forgotten.add(pipeline)
  }

  async sweep(): Promise<void> {
    const { store, env } = this.#host
    const watched = new Map<string, Watch | Over>()
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
      await this.#champions.tell(pipeline).catch(failed(at.root))
      const names = (await runNames(store, at)).slice(0, LOOKED_AT)
      for (const name of new Set([...names, ...(view?.runsOf(pipeline) ?? [])])) {
        const folder = at.run(name)
        const known = this.#watched.get(folder)
        const before = isForgotten && known && 'left' in known ? undefined : known
        const watch = await this.#sweepOne(before, at.plan(name), view).catch(failed(folder))
        if (watch) watched.set(folder, watch)
      }
    }
    this.#watched = watched
    this.#failures = failures
  }

  /** Whether a run was over when it was last checked. */
  isOver(pipeline: string, run: string): boolean {
    const watch = this.#watched.get(layout(this.#host.env, pipeline).run(run))
    return watch !== undefined && 'left' in watch
  }

  async #sweepOne(
    watch: Watch | Over | undefined,
    path: string,
    view: QueueView | undefined,
  ): Promise<Watch | Over | undefined> {
    if (watch && 'left' in watch && --watch.left > 0) return watch
    if (watch && 'run' in watch) return this.#look(watch, view)
    const { store, vouching } = this.#host
    const plan = await readRecord<Plan>(store, path)
    if (!plan) return undefined
    vouching.require(plan)
    return this.#look({ run: new WatchedRun(plan, store), movedAt: undefined, helped: 0 }, view)
  }

  async #look(watch: Watch, view: QueueView | undefined): Promise<Watch | Over> {
    const { run } = watch
    const { store, clock } = this.#host
    const { plan, state } = run
    const end = await readRecord<RunEnd>(store, layout(plan.env, plan.pipeline).runEnd(plan.run))
    if (plan.queued && (await this.#waits(plan, end, view))) {
      watch.movedAt = clock.monotonic() // it was stalled for a good reason
      return watch
    }
    if (end && end.status !== 'cancelled') return over()
    const hasMoved = await run.look()
    if (state.done && end) return over()
    if (watch.movedAt === undefined) watch.movedAt = this.#movedBefore(run)
    else if (hasMoved) watch.movedAt = clock.monotonic()
    // The delay grows each time that sending again did not help.
    const patience = this.#options.lostAfterMs * 2 ** Math.min(watch.helped, 6)
    if (clock.monotonic() - watch.movedAt < patience) return watch
    if (state.done) {
      await this.#finish(run)
      return over()
    }
    await this.#help(watch, end !== undefined)
    return watch
  }

  /** For a run not seen before, the times of its records are used, as far as the clocks of their hosts can be trusted. */
  #movedBefore({ plan, lastEndedAt }: WatchedRun): number {
    const { clock } = this.#host
    const stoodStillFor = plan.queued ? 0 : Math.max(clock.now() - lastEndedAt, 0)
    return clock.monotonic() - stoodStillFor
  }

  /** Whether a run is queued. If it lacks a ticket because its planner died, it gets one. */
  async #waits(plan: Plan, end: RunEnd | undefined, view: QueueView | undefined): Promise<boolean> {
    if (!view) return end === undefined
    const isInLine = view.isInLine(plan)
    if (end) {
      if (isInLine) await this.#queue.leave(plan)
      return false
    }
    if (!view.isWaiting(plan)) return false
    if (!isInLine) await this.#queue.begin(plan)
    return true
  }

  async #finish({ plan, state }: WatchedRun): Promise<void> {
    const { store, bus, clock, name } = this.#host
    const path = layout(plan.env, plan.pipeline).runEnd(plan.run)
    const mine: RunEnd = { v: RECORD_VERSION, status: state.status, endedAt: clock.now(), host: name }
    const end = await claim(store, path, mine)
    await bus.publish(topicOf(plan), [runEvent(plan, 'run-ended', end.endedAt, end)])
    if (end.endedAt === mine.endedAt && end.host === name)
      this.#options.onHelp?.(plan.run, 'it had ended, but its end was not recorded')
  }

  async #help(watch: Watch, isCancelled: boolean): Promise<void> {
    const { bus, clock } = this.#host
    const { run } = watch
    const { plan } = run
    watch.movedAt = clock.monotonic()
    watch.helped++
    const cancelled = isCancelled ? [runEvent(plan, 'run-cancelled', clock.now())] : []
    const events = [...cancelled, ...(await run.lostEvents(clock.now()))]
    if (isCancelled) await bus.publish(controlTopicOf(plan), cancelled)
    await bus.publish(topicOf(plan), events)
    this.#options.onHelp?.(plan.run, `it had stalled; ${events.length} events were sent again`)
  }
}

/** Spread over the sweeps, so that no sweep checks many. */
function over(): Over {
  return { left: REST + Math.floor(Math.random() * REST) }
}
