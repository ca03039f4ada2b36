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
import { catchOrFail } from './catch-or-fail.ts'
import type { Computed, Job, Stale } from './job.ts'

/** Errors that a retry cannot fix. */
const NOT_RETRYABLE: ReadonlySet<ErrorCode> = new Set([
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
    const retried = waiting.filter(
      ({ index }) => !isLast && tried <= retry.times && !run.signal.aborted && isRetryable(errors.get(index), retry.on),
    )
    const notRetried = waiting.filter((item) => errors.has(item.index) && !retried.includes(item))
    for (const [index, outcome] of [...made.outcomes, ...(await catchOrFail(job, notRetried, errors, attempts))])
      outcomes.set(index, outcome)
    waiting = retried
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
export async function failWithoutAttempt(job: Job, items: readonly ItemWork[], error: ErrorRecord): Promise<Computed> {
  const errors = new Map(items.map(({ index }) => [index, error]))
  return { outcomes: await catchOrFail(job, items, errors, 0), attempts: 0, failures: [] }
}

function isRetryable(error: ErrorRecord | undefined, on: readonly string[] | undefined): boolean {
  if (!error || NOT_RETRYABLE.has(error.code)) return false
  return on === undefined || isOneOf(error, on)
}
