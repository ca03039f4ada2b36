import type { ErrorCode } from '@cairn/kernel'
import { errorLine, type ErrorRecord, type ItemWork, type Outcome } from '@cairn/records'
import { storeOutputs } from './commit.ts'
import type { Job, Outcomes } from './job.ts'
import { logOf, workOf } from './work.ts'

/** Errors that say nothing about the body, because it did not run. */
const NEVER_CAUGHT: ReadonlySet<ErrorCode> = new Set(['CANCELLED', 'MISFIT', 'HOST_FAILED'])

/**
 * Ends the given items without another attempt: runs the step's fallback if it has one, and otherwise fails them.
 *
 * @param attempts number of attempts made so far
 */
export async function catchOrFail(
  job: Job,
  items: readonly ItemWork[],
  errors: ReadonlyMap<number, ErrorRecord>,
  attempts: number,
): Promise<Outcomes> {
  const { fallback } = job.step
  const outcomes = new Map<number, Outcome>()
  const caught = fallback ? items.filter(({ index }) => !NEVER_CAUGHT.has(errors.get(index)!.code)) : []
  for (const item of items)
    if (!caught.includes(item)) outcomes.set(item.index, failedOutcome(errors.get(item.index)!, item))
  if (!fallback || caught.length === 0) return outcomes
  const log = logOf(job, attempts)
  try {
    const work = await workOf(
      job,
      log,
      caught.map((item) => ({ ...item, error: errors.get(item.index)! })),
      fallback,
    )
    for await (const result of job.host.compute.run(work, job.run.signal)) {
      const item = work.items.find(({ index }) => index === result.index)!
      const outcome: Outcome =
        'error' in result
          ? failedOutcome(
              // Without a secret neither the body nor its catch has started, so one error says everything.
              result.error.code === 'MISSING_SECRET' && item.error!.code === 'MISSING_SECRET'
                ? item.error!
                : {
                    ...item.error!,
                    message: `${item.error!.message}; its catch also failed: ${errorLine(result.error)}`,
                  },
              item,
            )
          : {
              status: 'completed',
              how: 'caught',
              outputs: await storeOutputs(job, result.outputs),
              ms: result.ms,
              caught: item.error!,
            }
      outcomes.set(result.index, outcome)
    }
  } finally {
    await log.end()
  }
  return outcomes
}

function failedOutcome(error: ErrorRecord, { key }: ItemWork): Outcome {
  const status = error.code === 'TIMED_OUT' ? 'timed-out' : error.code === 'CANCELLED' ? 'cancelled' : 'failed'
  return { status, error, key }
}
