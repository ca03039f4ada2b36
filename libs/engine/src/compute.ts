import { attemptEvent, isOneOf, type ErrorRecord, type ItemWork } from '@cairn/records'
import type { ErrorCode } from '@cairn/kernel'
import { attempt } from './attempt.ts'
import { giveUp } from './give-up.ts'
import type { Job } from './job.ts'

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
export async function compute(job: Job, items: readonly ItemWork[]): Promise<void> {
  const { host, run, task, step } = job
  const retry = step.retry ?? { times: 0, backoffMs: 0, maxBackoffMs: 0 }
  let waiting = items
  for (let tried = 1; waiting.length > 0; tried++) {
    const errors = await attempt(job, waiting)
    const again = waiting.filter(
      ({ index }) => tried <= retry.times && !run.signal.aborted && isRetryable(errors.get(index), retry.on),
    )
    await giveUp(
      job,
      waiting.filter((item) => errors.has(item.index) && !again.includes(item)),
      errors,
    )
    waiting = again
    if (waiting.length === 0) return
    const error = errors.get(waiting[0]!.index)!
    for (const { index } of waiting) job.failures.push({ ...errors.get(index)!, attempt: job.attempts, index })
    await run.publish([attemptEvent(run.plan, 'attempt-failed', task, job.attempts, host.clock.now(), error)])
    const pause = Math.min(retry.backoffMs * 2 ** (tried - 1), retry.maxBackoffMs)
    await host.clock.sleep(pause, run.signal).catch(() => {}) // cancelled: the next attempt ends at once
  }
}

/** Fails the given items without an attempt, or runs the step's fallback for them. */
export function refuse(job: Job, items: readonly ItemWork[], error: ErrorRecord): Promise<void> {
  return giveUp(job, items, new Map(items.map(({ index }) => [index, error])))
}

function isRetryable(error: ErrorRecord | undefined, on: readonly string[] | undefined): boolean {
  if (!error || FINAL.has(error.code)) return false
  return on === undefined || isOneOf(error, on)
}
