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

/**
 * Extra attempts for a task whose host died during one. Such an attempt leaves no error; without a limit, a body that
 * kills its host would run for ever.
 */
const LOST_ATTEMPTS = 2

/**
 * An attempt-started event may wait this long, in milliseconds. The start of shorter work is sent together with its
 * end.
 */
const TOLD_WITHIN_MS = 50

/** Makes one attempt at the given items. Returns the errors of the items that failed, by index. */
export async function attempt(job: Job, items: readonly ItemWork[]): Promise<Map<number, ErrorRecord>> {
  const { run, task, step } = job
  const counted = await countAttempt(job)
  const allowed = 1 + (step.retry?.times ?? 0) + LOST_ATTEMPTS
  if (job.attempts > allowed) {
    const message = `${job.node.step} was started ${allowed} times and never finished: the process or machine stopped each time`
    return new Map(items.map(({ index }) => [index, { code: 'STEP_CRASHED', name: 'STEP_CRASHED', message }]))
  }
  const log = logOf(job)
  try {
    // No one waits for this event, and the work must not wait for a bus that is down.
    const started = attemptEvent(run.plan, 'attempt-started', task, job.attempts, job.host.clock.now())
    run.publish([started], { withinMs: TOLD_WITHIN_MS }).catch(() => {})
    const work = await workOf(job, log, items, step.code)
    const message = () => ({ plan: run.plan, task, attempt: job.attempts })
    const errors = await traced(channels.compute, message, () => runBodies(job, work))
    if (run.signal.reason instanceof Stopped) throw run.signal.reason
    return errors
  } catch (error) {
    // The store, the bus or the host failed or the host is stopping, not the body. The event is delivered again, so
    // this does not count as an attempt.
    if (counted !== undefined) await job.host.store.remove(counted).catch(() => {})
    throw error
  } finally {
    await log.end()
  }
}

/**
 * Counts the attempt in the store before it runs, where the next host sees it, so that a body that kills its host does
 * not run for ever. Where no other host takes over, it counts in memory only.
 *
 * @returns the path of the attempt's record, if it wrote one
 * @throws AlreadyEnded when the task has ended meanwhile
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
    // The attempt is ours even if an earlier try, which the store or the bus interrupted, wrote it and could not remove
    // it.
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
      stored.catch(() => {}) // reported by Promise.all below
      storing.add(stored)
      // The files of an item are deleted when the next item starts.
      if (Object.values(result.outputs).some(holdsFile)) await stored
      if (storing.size === AT_ONCE) await Promise.race(storing)
    }
  }
  await Promise.all(storing)
  return errors
}
