import { CairnError } from '@cairn/kernel'
import type { RunContext, RetainedRun } from './run-context.ts'
import { mapConcurrently, parseTask, taskName, type CairnEvent, type Plan, type TaskStatus } from '@cairn/records'
import type { Ending, RunState } from './run-state.ts'

/** Checks on what events claim. Anyone who may publish can claim anything, so the records decide. */

export function taskOf({ data }: CairnEvent): string | undefined {
  return data.node === undefined ? undefined : taskName({ node: data.node, batch: data.batch ?? '' })
}

/**
 * Returns the ending that an event claims, if its status is all that the run's state needs. Counts that decide how the
 * run continues always come from the record, even if the event claims that there are none; so do the outputs that tasks
 * read.
 */
export function claimedEnding(state: RunState, event: CairnEvent): Ending | undefined {
  const { counts } = event.data
  if (!counts || Object.keys(counts).length > 0 || state.wiring.counted.has(event.data.node!)) return undefined
  return { status: event.type.slice('cairn.'.length) as TaskStatus, counts }
}

/**
 * Describes a claim of the event that the records contradict; undefined when there is none or it cannot be checked yet.
 *
 * @param isOwn whether the task is routed to this host
 */
export async function findContradiction(
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
  // An ending of one of this host's own tasks that this host has not published comes from elsewhere, so it must have
  // left a record.
  const isAsked = (isOwn(task) && !announced.has(task)) || !claimedEnding(run.state, event)
  if (event.type === 'cairn.ready' || !isAsked) return undefined
  try {
    const { status, endedAt } = await run.end(task)
    const at = new Date(endedAt).toISOString()
    return event.type === `cairn.${status}` && event.time === at
      ? undefined
      : `${task} of run ${plan.run} ended as ${status} at ${at}, but an event reports ${event.type} at ${event.time}`
  } catch (error) {
    if (error instanceof CairnError && error.code === 'NOT_FOUND') return error.message
    throw error
  }
}

/** How far the clock of the planning process may be ahead of the host's, in milliseconds. */
const SKEW_MS = 2_000

/**
 * Whether a run has only just started, so that none of its tasks can have ended: it was planned after this host began
 * to receive every event, none of its announced endings was dropped, and the host has seen no ending of it. The event
 * must carry the plan's own time, or it is not believed. A queued run does not count, because it may have been
 * cancelled in the queue.
 */
export function isNew(
  { type, time }: CairnEvent,
  plan: Plan,
  announced: RetainedRun['announced'],
  receivingSince: number,
): boolean {
  const isTheFirst = type === 'cairn.run-started' && Date.parse(time) === plan.createdAt
  return isTheFirst && !plan.queued && plan.createdAt > receivingSince + SKEW_MS && announced.size === 0
}

/**
 * Requires that the records confirm the endings that the events claimed, because a run's end is written only once.
 *
 * @throws CairnError CONFLICT when a record has another status
 */
export async function requireConfirmedEnds(run: RunContext): Promise<void> {
  const { plan, state } = run
  const outermost = Object.entries(plan.nodes).filter(([, { scope, type }]) => scope.length === 0 && type !== 'given')
  await mapConcurrently(outermost, async ([task]) => {
    const { status } = await run.end(task)
    if (status !== state.ending(task)?.status)
      throw new CairnError(
        'CONFLICT',
        `${task} of run ${plan.run} has the status ${status}, but an event reported another one`,
      )
  })
}
