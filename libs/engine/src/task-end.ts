import type { CairnError } from '@cairn/kernel'
import type { ActiveRun } from './active-run.ts'
import { keepArtifact } from '@cairn/records'
import { channels, told } from '@cairn/records'
import type { Host } from './host.ts'
import { parseTask } from '@cairn/records'
import type { InHand } from './in-hand.ts'
import { joinEach, joinWhen, type Joined } from './join.ts'
import type { Leases } from './lease.ts'
import {
  claim,
  RECORD_VERSION,
  type EndRecord,
  type FailedAttempt,
  type Outcome,
  type TaskStatus,
} from '@cairn/records'
import { countsOf } from './run-state.ts'
import { runStep } from './step-task.ts'

/** With what tasks are brought to their ends. */
export interface Means {
  readonly host: Host
  readonly leases: Leases
  readonly inHand: InHand
}

export interface Result {
  readonly lanes: readonly Outcome[]
  readonly attempts: number
  readonly failures: readonly FailedAttempt[]
}

/** Brings a task to its result: a step is run or taken from checkpoints, what joins others is put together. */
export async function resultOf({ host, leases, inHand }: Means, run: ActiveRun, task: string): Promise<Result> {
  run.signal.throwIfAborted()
  const { node, batch } = parseTask(task)
  const { type } = run.plan.nodes[node]!
  if (type === 'step') {
    const { lanes, job } = await runStep(host, leases, inHand, run, task)
    return { lanes, attempts: job.attempts, failures: job.failures }
  }
  const join = type === 'each' ? joinEach : joinWhen
  return { lanes: await keepJoined(host, run, await join(run.state, run, node, batch)), attempts: 0, failures: [] }
}

async function keepJoined({ store }: Host, run: ActiveRun, joined: readonly Joined[]): Promise<Outcome[]> {
  const lanes: Outcome[] = []
  for (const lane of joined) {
    if ('status' in lane) lanes.push(lane)
    else {
      const kept = Object.entries(lane.made).map(async ([name, made]) => [
        name,
        await keepArtifact(store, run.at, made),
      ])
      lanes.push({ status: 'completed', how: 'joined', outputs: Object.fromEntries(await Promise.all(kept)) })
    }
  }
  return lanes
}

/** Writes a task's terminal record, unless there is one: whoever is first decides. */
export async function recordEnd(
  { clock, store, name }: Host,
  run: ActiveRun,
  task: string,
  startedAt: number,
  { lanes, attempts, failures }: Result,
): Promise<EndRecord> {
  const mine: EndRecord = {
    v: RECORD_VERSION,
    status: statusOf(lanes),
    lanes,
    counts: countsOf(lanes.map((lane) => (lane.status === 'completed' ? lane.outputs : undefined))),
    attempts,
    ...(failures.length > 0 && { failures }),
    startedAt,
    endedAt: clock.now(),
    host: name,
  }
  const about = () => ({ plan: run.plan, task })
  const end = await told(channels.commit, about, () => claim(store, run.at.end(run.plan.run, task), mine))
  run.remember(task, end)
  return end
}

/** Of a batch: the worst that befell one of its items. */
const WORST_FIRST: readonly TaskStatus[] = ['failed', 'timed-out', 'cancelled', 'completed', 'blocked', 'skipped']

function statusOf(lanes: readonly Outcome[]): TaskStatus {
  return WORST_FIRST.find((status) => lanes.some((lane) => lane.status === status)) ?? 'completed'
}

export function cancelledLanes({ signal, plan, state }: ActiveRun, task: string): Outcome[] {
  const { node, batch } = parseTask(task)
  const lanes = state.lineage(plan.nodes[node]!.scope, batch).at(-1)!
  const { message } = signal.reason as CairnError
  return lanes.map(() => ({ status: 'cancelled', error: { code: 'CANCELLED', name: 'CANCELLED', message } }))
}
