import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { hostCompute, HostHealth, processPool } from '@cairn/drivers/compute'
import type { Connected, Connection } from '@cairn/drivers/connection'
import { identityOf, planSignersOf } from '@cairn/drivers/identity'
import { isGone, thisProcess } from '@cairn/drivers/process-id'
import { leftovers } from '@cairn/drivers/store/folder-leftovers'
import { packageExaminer } from '@cairn/fingerprint'
import { controlTopicOf, requireOf, systemClock, topicOf, type CairnEvent, type Subscription } from '@cairn/records'
import { Engine } from '@cairn/engine'
import type { CairnError } from '@cairn/kernel'
import { RecentDurations } from './durations.ts'
import type { StageSettings } from './settings.ts'

/** The engine of one step's tasks, and its subscriptions. */
export interface StageHost {
  readonly engine: Engine
  readonly topic: string
  /** The consumer group of the step. */
  readonly group: string
  /** Receives cancellations, even while the topic is paused. */
  listenToControl(): Promise<Subscription>
  /** What this machine lacks to compute. */
  readonly machine: HostHealth
  /** Stops running computations and leaves their events to another member. */
  stop(): void
}

/** Leases avoid double work, but cost as much as work shorter than this. Milliseconds. */
const LEASE_AFTER_MS = 1_000
/** After this idle time, its processes free their memory, in milliseconds. */
const IDLE_MS = 60_000

/** @param onMisfit called for each task that is left to another host because this one lacks something */
export function stageHost(
  settings: StageSettings,
  { env }: Connection,
  { bus, store }: Connected,
  onMisfit: (task: string, misfit: CairnError) => void = () => {},
): StageHost {
  const { pipeline, step, root, jobs, confinement } = settings
  for (const left of leftovers(settings.scratch)) rmSync(left, { recursive: true, force: true })
  const scratch = join(settings.scratch, 'tmp', `${thisProcess.replaceAll('/', '-')}-${pipeline}-${step}`)
  const options = {
    root,
    scratch: () => (mkdirSync(scratch, { recursive: true }), scratch),
    secrets: secretFrom(process.env),
    whereSet: (name: string) =>
      `set CAIRN_SECRET_${name} or CAIRN_SECRET_${name}_FILE for the service ${pipeline}/${step}; for local services set it in the environment or in .cairn/secrets.json, then run cairn up again: services read their secrets when they start`,
    remember: (_: string, compute: () => Promise<string>) => compute(),
  }
  const pool = processPool({
    ...options,
    size: jobs,
    idle: IDLE_MS,
    confinement: { ...confinement, reads: [settings.copies, ...confinement.reads] },
  })
  const durations = new RecentDurations()
  const machine = new HostHealth(scratch, store.copies)
  const identity = identityOf(process.env)
  const engine = new Engine({
    store,
    bus,
    clock: systemClock,
    compute: hostCompute({
      pool,
      durations,
      packages: {
        examine: packageExaminer({ root, cache: join(settings.scratch, 'packages') }),
        onMisfit: () => {}, // reported when the task is handed over
      },
      host: { folder: scratch, health: machine, copies: store.copies },
    }),
    onHandOver(task, why) {
      if (why.code === 'HOST_FAILED') machine.note(why)
      onMisfit(task, why)
    },
    name: thisProcess,
    isGone,
    ...(identity && { identity }),
    planSigners: planSignersOf(process.env),
    hasSuccessor: true,
    steps: new Set([step]),
    stillWaitingAfterMs: settings.stillWaitingAfterMs,
    leaseAfterMs: LEASE_AFTER_MS,
    longestRecentMs: (step) => durations.longest(step),
  })
  const confirmCancel = async (event: CairnEvent): Promise<void> => {
    requireOf({ env, pipeline }, event)
    await engine.confirmCancel(event.data)
  }
  return {
    engine,
    machine,
    topic: topicOf({ env, pipeline }),
    group: step,
    listenToControl() {
      return bus.listen(controlTopicOf({ env }), (event) => {
        if (event.type !== 'cairn.run-cancelled' || event.data.pipeline !== pipeline) return
        // A failure here does no harm: the pipeline's own topic delivers it again until it is handled.
        confirmCancel(event).catch(() => {})
      })
    },
    stop() {
      engine.stop()
      pool.close()
      rmSync(scratch, { recursive: true, force: true })
    },
  }
}

/** A secret's value: `CAIRN_SECRET_<name>`, or the file that `CAIRN_SECRET_<name>_FILE` names. */
function secretFrom(environment: NodeJS.ProcessEnv) {
  return (name: string): string | undefined => {
    const file = environment[`CAIRN_SECRET_${name}_FILE`]
    return file === undefined ? environment[`CAIRN_SECRET_${name}`] : readFileSync(file, 'utf8').trim()
  }
}
