import { memoryBus } from '@cairn/drivers/events/memory'
import { hostCompute, processPool, type Pool } from '@cairn/drivers/compute'
import { identityOf } from '@cairn/drivers/identity'
import { isGone, thisProcess } from '@cairn/drivers/process-id'
import { packageExaminer } from '@cairn/fingerprint'
import { cancel, Engine, submit } from '@cairn/engine'
import { CairnError, type Step } from '@cairn/kernel'
import { hold, layout, topicOf, type CairnEvent, type Plan, type RunStatus } from '@cairn/records'
import type { Workspace } from '@cairn/workspace'

/** A run that was started in this process. */
export interface RunningRun {
  /** How the run ended. Rejects if it could not be completed, for example because the store failed. */
  readonly ended: Promise<RunStatus>
  /** Cancels the run. Finished steps are kept. */
  cancel(): Promise<void>
}

/** Options of runs in this process. */
export interface RunOptions {
  /** Steps of this process by name, for those whose code could not be stored. */
  readonly live?: ReadonlyMap<string, Step>
  /** Called with every event of the run. */
  readonly onEvent?: (event: CairnEvent) => void
  /** Processes that run the steps. Closed when the run has ended. */
  readonly pool?: Pool
}

/** Returns a pool of processes that run steps. Each process starts when it is first needed. */
export function openPool(workspace: Workspace, jobs?: number): Pool {
  return processPool({ ...computeOptions(workspace), ...(jobs !== undefined && { size: jobs }) })
}

function computeOptions({ project, secret: secrets, remember, scratch }: Workspace) {
  return { root: project.root, scratch, secrets, remember }
}

/** Runs a plan in this process: the engine over the workspace's store and an in-memory bus. */
export function startRun(workspace: Workspace, plan: Plan, options: RunOptions = {}): RunningRun {
  const host = openHost(workspace, plan, options)
  const running = host.start(plan)
  return { ended: running.ended.finally(() => host.close()), cancel: () => running.cancel() }
}

/**
 * Time after which a step without a timeout is reported as still running, in milliseconds: `CAIRN_STILL_WAITING`
 * seconds, 30 by default.
 *
 * @throws CairnError BAD_PARAMETER if `CAIRN_STILL_WAITING` is not a number above 0
 */
export function stillWaitingAfterMs(): number {
  const { CAIRN_STILL_WAITING: seconds = '30' } = process.env
  const ms = Number(seconds) * 1_000
  if (ms > 0) return ms
  throw new CairnError('BAD_PARAMETER', `CAIRN_STILL_WAITING must be a number of seconds above 0, not "${seconds}"`)
}

/** A host of any number of runs of one pipeline, which share what they compute. */
export interface RunHost {
  start(plan: Plan): RunningRun
  close(): void
}

/**
 * Opens a host for runs of one pipeline. It starts no run until `start` is called. `close` stops the engine and closes
 * the pool and the workspace.
 *
 * @throws CairnError BAD_PARAMETER when `CAIRN_STILL_WAITING`, `CAIRN_IDENTITY` or `CAIRN_SIGNING_KEY` is not valid
 */
export function openHost(
  workspace: Workspace,
  { pipeline, env }: Pick<Plan, 'pipeline' | 'env'>,
  { live = new Map(), onEvent, pool = openPool(workspace) }: RunOptions = {},
): RunHost {
  const { store, clock } = workspace
  const bus = memoryBus({ partitions: 1, waitForOutages: false }) // the user is waiting and can free disk space
  const { project, cache } = workspace
  const durations = workspace.history.of(pipeline)
  const compute = hostCompute({
    pool,
    inProcess: { ...computeOptions(workspace), live },
    durations,
    packages: { examine: packageExaminer({ root: project.root, cache }) },
    host: { folder: project.store },
  })
  const identity = identityOf(process.env)
  const signing = identity ? { identity } : {}
  const engine = new Engine({
    store,
    bus,
    clock,
    compute,
    name: thisProcess,
    isGone,
    hasSuccessor: false,
    stillWaitingAfterMs: stillWaitingAfterMs(),
    longestRecentMs: (step) => durations.longest(step),
    ...signing,
  })
  const runs = new Map<string, PromiseWithResolvers<RunStatus>>()

  const onRunEvent = async (event: CairnEvent): Promise<void> => {
    onEvent?.(event)
    if (event.type === 'cairn.run-ended') runs.get(event.data.run)?.resolve(event.data.status as RunStatus)
  }
  const listen = async (): Promise<void> => {
    const topic = topicOf({ env, pipeline })
    const onPoison = ({ data }: CairnEvent, error: unknown) => runs.get(data.run)?.reject(error)
    await bus.subscribe(topic, { group: 'engine', from: 'beginning', onPoison }, (event) => engine.handle(event))
    await bus.subscribe(topic, { group: 'follower', from: 'beginning' }, onRunEvent)
  }
  const listening = listen()
  listening.catch(() => {}) // reported by each run

  return {
    start(plan) {
      const ended = Promise.withResolvers<RunStatus>()
      runs.set(plan.run, ended)
      const started = listening.then(async () => {
        await hold(store, layout(env, pipeline), plan.run, thisProcess, clock.now())
        await submit({ store, bus, clock }, plan)
      })
      started.catch(ended.reject)
      return {
        ended: ended.promise,
        async cancel() {
          await started // until then there is no run to cancel
          const end = await cancel({ store, bus, clock, name: thisProcess }, plan, plan.run)
          if (end.status === 'cancelled') engine.abort(plan.run)
        },
      }
    },
    close() {
      engine.stop()
      pool.close()
      workspace.close()
    },
  }
}
