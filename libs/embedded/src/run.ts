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
  /** How it ended. Rejects when the run could not be driven to an end: the store failed, say. */
  readonly ended: Promise<RunStatus>
  /** Ends it early. What is finished stays finished. */
  cancel(): Promise<void>
}

/** Options of runs in this process. */
export interface RunOptions {
  /** Steps of this process, for those whose code could not be stored. */
  readonly live?: ReadonlyMap<string, Step>
  /** Hears every event of the run. */
  readonly onEvent?: (event: CairnEvent) => void
  /** Processes to compute in. Closed when the run has ended. */
  readonly pool?: Pool
}

/** Processes to compute in, none of which is started yet. */
export function openPool(workspace: Workspace, jobs?: number): Pool {
  return processPool({ ...computeOptions(workspace), ...(jobs !== undefined && { size: jobs }) })
}

function computeOptions({ project, secret: secrets, remember, scratch }: Workspace) {
  return { root: project.root, scratch, secrets, remember }
}

/** Drives a planned run to its end in this process: the engine over a folder store and a bus in memory. */
export function startRun(workspace: Workspace, plan: Plan, options: RunOptions = {}): RunningRun {
  const host = openHost(workspace, plan, options)
  const running = host.start(plan)
  return { ended: running.ended.finally(() => host.close()), cancel: () => running.cancel() }
}

/** After how long it is said that a step without a time-out is still waited for, in milliseconds. */
export function stillWaitingAfterMs(): number {
  const { CAIRN_STILL_WAITING: seconds = '30' } = process.env
  const ms = Number(seconds) * 1_000
  if (ms > 0) return ms
  throw new CairnError('BAD_PARAMETER', `CAIRN_STILL_WAITING must be a number of seconds, not "${seconds}"`)
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
  const bus = memoryBus({ partitions: 1, waitForOutages: false }) // a person waits, who can free the disk
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
  const vouch = identity ? { identity } : {}
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
    ...vouch,
  })
  const going = new Map<string, PromiseWithResolvers<RunStatus>>()

  const hear = async (event: CairnEvent): Promise<void> => {
    onEvent?.(event)
    if (event.type === 'cairn.run-ended') going.get(event.data.run)?.resolve(event.data.status as RunStatus)
  }
  const listen = async (): Promise<void> => {
    const topic = topicOf({ env, pipeline })
    const onPoison = ({ data }: CairnEvent, error: unknown) => going.get(data.run)?.reject(error)
    await bus.subscribe(topic, { group: 'engine', from: 'beginning', onPoison }, (event) => engine.handle(event))
    await bus.subscribe(topic, { group: 'follower', from: 'beginning' }, hear)
  }
  const listening = listen()
  listening.catch(() => {}) // told to each run

  return {
    start(plan) {
      const ended = Promise.withResolvers<RunStatus>()
      going.set(plan.run, ended)
      const started = listening.then(async () => {
        await hold(store, layout(env, pipeline), plan.run, thisProcess, clock.now())
        await submit({ store, bus, clock }, plan)
      })
      started.catch(ended.reject)
      return {
        ended: ended.promise,
        async cancel() {
          await started // before that there is no run to cancel
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
