import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fitting, HostHealth, processPool, whileWell } from '@cairn/drivers/compute'
import type { Connected, Connection } from '@cairn/drivers/connection'
import { identityOf, plansByOf } from '@cairn/drivers/identity'
import { isGone, thisProcess } from '@cairn/drivers/process-id'
import { leftovers } from '@cairn/drivers/store/folder-leftovers'
import { fitter } from '@cairn/fingerprint'
import { controlTopicOf, requireOf, systemClock, topicOf, type CairnEvent, type Subscription } from '@cairn/records'
import { Engine } from '@cairn/engine'
import type { CairnError } from '@cairn/kernel'
import { timed } from './durations.ts'
import type { Settings } from './settings.ts'

/** The engine of one step's tasks, and what it listens to. */
export interface StageHost {
  readonly engine: Engine
  readonly topic: string
  /** Names the members that share the step's tasks. */
  readonly group: string
  /** What the group was called by earlier versions: it goes on where that was. */
  readonly formerly: string
  /** Hears of cancelled runs, also while all of the topic is paused. */
  listenToControl(): Promise<Subscription>
  /** What this machine lacks to compute. */
  readonly machine: HostHealth
  /** Stops what is being computed: its events are left for another member. */
  stop(): void
}

/** Leases spare double work; for shorter work than this, taking one would cost as much. Milliseconds. */
const LEASE_AFTER_MS = 1_000
/** After so long without work, its processes give back their memory, in milliseconds. */
const IDLE_MS = 60_000

/** @param onMisfit told of each task that is left to another host, because this one lacks what it needs */
export function stageHost(
  settings: Settings,
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
      `set CAIRN_SECRET_${name}, or CAIRN_SECRET_${name}_FILE, of the service ${pipeline}/${step}; on this machine in the environment or in .cairn/secrets.json, then cairn up again: services get their secrets when they start`,
    remember: (_: string, compute: () => Promise<string>) => compute(),
  }
  const pool = processPool({
    ...options,
    size: jobs,
    idle: IDLE_MS,
    confinement: { ...confinement, reads: [settings.copies, ...confinement.reads] },
  })
  const { compute, longest } = timed(pool)
  const machine = new HostHealth(scratch, store.copies)
  const identity = identityOf(process.env)
  const engine = new Engine({
    store,
    bus,
    clock: systemClock,
    compute: whileWell(
      fitting(compute, {
        look: fitter({ root, cache: join(settings.scratch, 'packages') }),
        leave: () => {}, // told as it is left
      }),
      { folder: scratch, health: machine, copies: store.copies },
    ),
    onLeft(task, why) {
      if (why.code === 'HOST_FAILED') machine.note(why)
      onMisfit(task, why)
    },
    name: thisProcess,
    isGone,
    ...(identity && { identity }),
    plansBy: plansByOf(process.env),
    hasSuccessor: true,
    steps: new Set([step]),
    stillWaitingAfterMs: settings.stillWaitingAfterMs,
    leaseAfterMs: LEASE_AFTER_MS,
    lately: longest,
  })
  const hearCancel = async (event: CairnEvent): Promise<void> => {
    requireOf({ env, pipeline }, event)
    await engine.hearCancel(event.data)
  }
  return {
    engine,
    machine,
    topic: topicOf({ env, pipeline }),
    group: step,
    formerly: `cairn.${env}.${pipeline}.${step}`,
    listenToControl() {
      return bus.hear(controlTopicOf({ env }), (event) => {
        if (event.type !== 'cairn.run-cancelled' || event.data.pipeline !== pipeline) return
        // What fails here is told once more by the pipeline's own topic, and there until it is heard.
        hearCancel(event).catch(() => {})
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
