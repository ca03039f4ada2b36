import { CairnError } from '@cairn/kernel'
import type { RunContext, Kept } from './run-context.ts'
import { parseTask, taskName, type CairnEvent, type Plan, type TaskStatus } from '@cairn/records'
import type { Ending } from './run-state.ts'
import { forEachConcurrently } from './concurrency.ts'

/** What events claim: anyone who may publish can claim anything. Records decide. */

export function taskOf({ data }: CairnEvent): string | undefined {
  return data.node === undefined ? undefined : taskName({ node: data.node, batch: data.batch ?? '' })
}

/**
 * What the event says of the ending, where the run's state needs no more than its status. What decides how the run goes
 * on, and what is read by tasks, always comes from records.
 */
export function endingOf({ type, data: { counts } }: CairnEvent): Ending | undefined {
  if (!counts || Object.keys(counts).length > 0) return undefined
  return { status: type.slice('cairn.'.length) as TaskStatus, counts }
}

/**
 * What the event says and the records do not, as far as that is known before anything of it is believed.
 *
 * @param isOwn whether the task is one of this host's steps
 */
export async function lieIn(
  run: RunContext,
  event: CairnEvent,
  isOwn: (task: string) => boolean,
): Promise<string | undefined> {
  const { plan, announced } = run
  const task = taskOf(event)
  if (task === undefined) return undefined
  const { node, batch } = parseTask(task)
  const depth = batch === '' ? 0 : batch.split('.').length
  if (!Object.hasOwn(plan.nodes, node) || plan.nodes[node]!.scope.length !== depth)
    return `run ${plan.run} has no task ${task}`
  // An ending of its own tasks that this host has not told: another's, which has left a record.
  const isAsked = (isOwn(task) && !announced.has(task)) || !endingOf(event)
  if (event.type === 'cairn.ready' || !isAsked) return undefined
  return run.end(task).then(
    () => undefined,
    (error: unknown) => {
      if (error instanceof CairnError && error.code === 'NOT_FOUND') return error.message
      throw error
    },
  )
}

/** By how much the clock of who plans may be ahead of a host's, in milliseconds. */
const SKEW_MS = 2_000

/**
 * Whether a run has just begun, so that no task of it has ended yet: it was planned after this host began to hear every
 * event and to forget none, and the host has heard of no ending, and handles no other event of the run. The event must
 * carry the plan's own time, or it is not believed. A run that was queued may have been cancelled there.
 */
export function isNew(
  { type, time }: CairnEvent,
  plan: Plan,
  announced: Kept['announced'],
  hearsSince: number,
): boolean {
  const isTheFirst = type === 'cairn.run-started' && Date.parse(time) === plan.createdAt
  return isTheFirst && !plan.queued && plan.createdAt > hearsSince + SKEW_MS && announced.size === 0
}

/**
 * A run's end is written once: what was heard of its tasks counts only as far as their records say the same.
 *
 * @throws CairnError CONFLICT
 */
export async function requireEnds(run: RunContext): Promise<void> {
  const { plan, state } = run
  const outermost = Object.entries(plan.nodes).filter(([, { scope, type }]) => scope.length === 0 && type !== 'given')
  await forEachConcurrently(outermost, async ([task]) => {
    const { status } = await run.end(task)
    if (status !== state.ending(task)?.status)
      throw new CairnError('CONFLICT', `${task} of run ${plan.run} is ${status}, and another ending of it was heard`)
  })
}
