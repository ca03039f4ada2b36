import {
  attemptEvent,
  isOneOf,
  type ErrorRecord,
  type FailedAttempt,
  type ItemWork,
  type Outcome,
} from '@cairn/records'
import type { ErrorCode } from '@cairn/kernel'
import { attempt } from './attempt.ts'
import { giveUp } from './give-up.ts'
import type { Computed, Job, Stale } from './job.ts'

/** Errors that a retry cannot fix. */
const FINAL: ReadonlySet<ErrorCode> = new Set([
  'CANCELLED',
  'CORRUPT',
  'MISFIT',
  'HOST_FAILED',
  'MISSING_SECRET',
  'BAD_OUTPUT',
])

/** Runs the step body until each of the given items has an outcome, with the step's declared retries and fallback. */
export async function compute(job: Job, items: readonly ItemWork[], stale: Stale = new Map()): Promise<Computed> {
  const { host, run, task, step } = job
  const retry = step.retry ?? { times: 0, backoffMs: 0, maxBackoffMs: 0 }
  const outcomes = new Map<number, Outcome>()
  const failures: FailedAttempt[] = []
  let attempts = 0
  for (let waiting = items, tried = 1; waiting.length > 0; tried++) {
    const { number, isLast, errors, ...made } = await attempt(job, waiting, stale, attempts)
    attempts = number
    const again = waiting.filter(
      ({ index }) => !isLast && tried <= retry.times && !run.signal.aborted && isRetryable(errors.get(index), retry.on),
    )
    const givenUp = waiting.filter((item) => errors.has(item.index) && !again.includes(item))
    for (const [index, outcome] of [...made.outcomes, ...(await giveUp(job, givenUp, errors, attempts))])
      outcomes.set(index, outcome)
    waiting = again
    if (waiting.length === 0) break
    const error = errors.get(waiting[0]!.index)!
    for (const { index } of waiting) failures.push({ ...errors.get(index)!, attempt: attempts, index })
    await run.publish([attemptEvent(run.plan, 'attempt-failed', task, attempts, host.clock.now(), error)])
    const pause = Math.min(retry.backoffMs * 2 ** (tried - 1), retry.maxBackoffMs)
    await host.clock.sleep(pause, run.signal).catch(() => {}) // cancelled: the next attempt ends at once
  }
  return { outcomes, attempts, failures }
}

/** Fails the given items without an attempt, or runs the step's fallback for them. */
export async function refuse(job: Job, items: readonly ItemWork[], error: ErrorRecord): Promise<Computed> {
  const errors = new Map(items.map(({ index }) => [index, error]))
  return { outcomes: await giveUp(job, items, errors, 0), attempts: 0, failures: [] }
}

function isRetryable(error: ErrorRecord | undefined, on: readonly string[] | undefined): boolean {
  if (!error || FINAL.has(error.code)) return false
  return on === undefined || isOneOf(error, on)
}
