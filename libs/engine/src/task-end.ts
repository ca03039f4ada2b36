import type { CairnError } from '@cairn/kernel'
import type { RunContext } from './run-context.ts'
import {
  storeArtifact,
  channels,
  traced,
  parseTask,
  claim,
  RECORD_VERSION,
  type EndRecord,
  type Outcome,
  type TaskStatus,
} from '@cairn/records'
import type { Host } from './host.ts'
import type { Result } from './job.ts'
import type { SingleFlight } from './single-flight.ts'
import { joinEach, joinWhen, type Joined } from './join.ts'
import type { Leases } from './lease.ts'
import { countsOf } from './batch.ts'
import { runStep } from './step-task.ts'

/** What running a task needs. */
export interface TaskResources {
  readonly host: Host
  readonly leases: Leases
  readonly singleFlight: SingleFlight
}

/** Produces a task's result: runs a step or reuses checkpoints; joins an `each` or a `when`. */
export async function resultOf(
  { host, leases, singleFlight }: TaskResources,
  run: RunContext,
  task: string,
): Promise<Result> {
  run.signal.throwIfAborted()
  const { node, batch } = parseTask(task)
  const { type } = run.plan.nodes[node]!
  if (type === 'step') return runStep(host, leases, singleFlight, run, task)
  const join = type === 'each' ? joinEach : joinWhen
  return { items: await keepJoined(host, run, await join(run.state, run, node, batch)), attempts: 0, failures: [] }
}

async function keepJoined({ store }: Host, run: RunContext, joined: readonly Joined[]): Promise<Outcome[]> {
  const items: Outcome[] = []
  for (const outcome of joined) {
    if ('status' in outcome) items.push(outcome)
    else {
      const kept = Object.entries(outcome.made).map(async ([name, made]) => [
        name,
        await storeArtifact(store, run.at, made),
      ])
      items.push({ status: 'completed', how: 'joined', outputs: Object.fromEntries(await Promise.all(kept)) })
    }
  }
  return items
}

/** Writes a task's terminal record unless there is one, and returns the valid one. The first writer decides. */
export async function recordEnd(
  { clock, store, name }: Host,
  run: RunContext,
  task: string,
  startedAt: number,
  { items, attempts, failures }: Result,
): Promise<EndRecord> {
  const mine: EndRecord = {
    v: RECORD_VERSION,
    status: statusOf(items),
    items,
    counts: countsOf(items.map((outcome) => (outcome.status === 'completed' ? outcome.outputs : undefined))),
    attempts,
    ...(failures.length > 0 && { failures }),
    startedAt,
    endedAt: clock.now(),
    host: name,
  }
  const about = () => ({ plan: run.plan, task })
  const end = await traced(channels.commit, about, () => claim(store, run.at.end(run.plan.run, task), mine))
  run.remember(task, end)
  return end
}

/** A batch has the worst status of its items. */
const WORST_FIRST: readonly TaskStatus[] = ['failed', 'timed-out', 'cancelled', 'completed', 'blocked', 'skipped']

function statusOf(items: readonly Outcome[]): TaskStatus {
  return WORST_FIRST.find((status) => items.some((outcome) => outcome.status === status)) ?? 'completed'
}

export function cancelledItems({ signal, plan, state }: RunContext, task: string): Outcome[] {
  const { node, batch } = parseTask(task)
  const items = state.opened.lineage(plan.nodes[node]!.scope, batch).at(-1)!
  const { message } = signal.reason as CairnError
  return items.map(() => ({ status: 'cancelled', error: { code: 'CANCELLED', name: 'CANCELLED', message } }))
}
