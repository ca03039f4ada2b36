import {
  attemptEvent,
  channels,
  claim,
  errorRecord,
  holdsFile,
  RECORD_VERSION,
  traced,
  type AttemptRecord,
  type ErrorRecord,
  type ItemWork,
  type Work,
} from '@cairn/records'
import { commitPatiently, isOfBody } from './commit.ts'
import { AT_ONCE } from './concurrency.ts'
import { AlreadyEnded, Stopped } from './interruptions.ts'
import type { Job } from './job.ts'
import { StillWaiting } from './still-waiting.ts'
import { logOf, workOf } from './work.ts'

/** An attempt whose host died leaves no error; it is given another, but not for ever. */
const LOST_ATTEMPTS = 2

/** The start of what is over sooner is told together with its end. */
const TOLD_WITHIN_MS = 50

/** One attempt at the given items. */
export async function attempt(job: Job, items: readonly ItemWork[]): Promise<Map<number, ErrorRecord>> {
  const { run, task, step } = job
  const counted = await countAttempt(job)
  const allowed = 1 + (step.retry?.times ?? 0) + LOST_ATTEMPTS
  if (job.attempts > allowed) {
    const message = `${job.node.step} was begun ${allowed} times and never ended: it takes its host down with it`
    return new Map(items.map(({ index }) => [index, { code: 'STEP_CRASHED', name: 'STEP_CRASHED', message }]))
  }
  const log = logOf(job)
  try {
    // No one waits for it, and the work does not wait for a bus that is away.
    const started = attemptEvent(run.plan, 'attempt-started', task, job.attempts, job.host.clock.now())
    run.publish([started], { withinMs: TOLD_WITHIN_MS }).catch(() => {})
    const work = await workOf(job, log, items, step.code)
    const message = () => ({ plan: run.plan, task, attempt: job.attempts })
    const errors = await traced(channels.compute, message, () => runBodies(job, work))
    if (run.signal.reason instanceof Stopped) throw run.signal.reason
    return errors
  } catch (error) {
    // The store, the bus or the host failed, or the host stops, not the body: the event is delivered again, and this was no attempt.
    if (counted !== undefined) await job.host.store.remove(counted).catch(() => {})
    throw error
  } finally {
    await log.end()
  }
}

/**
 * Counted before it runs, and where the next host can see it, so that a body that kills its host is not run for ever.
 *
 * @returns where it was counted, if it was
 */
async function countAttempt(job: Job): Promise<string | undefined> {
  const { host, run, task } = job
  if (!host.hasSuccessor) return void job.attempts++
  const record: AttemptRecord = { v: RECORD_VERSION, startedAt: host.clock.now(), host: host.name }
  for (;;) {
    const path = run.at.attempt(run.plan.run, task, ++job.attempts)
    const standing = await claim(host.store, path, record)
    if (standing === record) return path
    const end = await run.standing(task)
    if (end) throw new AlreadyEnded(end)
    // Ours: also one that the store or the bus cut short, and then did not let be taken back.
    if (standing.host === record.host) return path
    if (channels.earlier.hasSubscribers)
      channels.earlier.publish({ plan: run.plan, task, attempt: job.attempts, record: standing })
  }
}

async function runBodies(job: Job, work: Work): Promise<Map<number, ErrorRecord>> {
  const waiting = new StillWaiting(job, work)
  try {
    return await settle(job, work, waiting)
  } finally {
    waiting.stop()
  }
}

async function settle(job: Job, work: Work, waiting: StillWaiting): Promise<Map<number, ErrorRecord>> {
  const errors = new Map<number, ErrorRecord>()
  const items = new Map(work.items.map((item) => [item.index, item]))
  const about = () => ({ plan: job.run.plan, task: job.task })
  const storing = new Set<Promise<unknown>>()
  for await (const result of job.host.compute.run(work, job.run.signal)) {
    const item = items.get(result.index)!
    waiting.ended(result.index)
    if ('error' in result) errors.set(result.index, result.error)
    else {
      const store = () => commitPatiently(job, item, result.outputs, result.ms)
      const stored = traced(channels.commit, about, store)
        .then(
          (outcome) => void job.outcomes.set(result.index, outcome),
          (error: unknown) => {
            if (!isOfBody(error)) throw error
            errors.set(result.index, errorRecord(error))
          },
        )
        .then(() => {
          storing.delete(stored)
        })
      stored.catch(() => {}) // told below
      storing.add(stored)
      // An item's files go with the next item.
      if (Object.values(result.outputs).some(holdsFile)) await stored
      if (storing.size === AT_ONCE) await Promise.race(storing)
    }
  }
  await Promise.all(storing)
  return errors
}
