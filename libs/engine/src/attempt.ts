import {
  CONCURRENCY,
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
  type Outcome,
  type Work,
} from '@cairn/records'
import { commitWithRetries, isBodyError } from './commit.ts'
import { AlreadyEnded, Stopped } from './interruptions.ts'
import type { Job, Outcomes, Stale } from './job.ts'
import { LongRunReporter } from './long-run-reporter.ts'
import { logOf, workOf } from './work.ts'

/**
 * Extra attempts for a task whose host died during one. Such an attempt leaves no error; without a limit, a body that
 * kills its host would run for ever.
 */
const EXTRA_ATTEMPTS = 2

/**
 * An attempt-started event may wait this long, in milliseconds. The start of shorter work is sent together with its
 * end.
 */
const PUBLISH_WITHIN_MS = 50

/** The items that completed and the items that failed, each by index. */
interface BodyResults {
  readonly outcomes: Outcomes
  readonly errors: ReadonlyMap<number, ErrorRecord>
}
interface Attempt extends BodyResults {
  /** From 1, over all hosts. */
  readonly number: number
  /** Whether another attempt is pointless, whatever the step's retries. */
  readonly isLast: boolean
}

/**
 * Makes one attempt at the given items.
 *
 * @param before number of the last attempt, 0 for none
 */
export async function attempt(job: Job, items: readonly ItemWork[], stale: Stale, before: number): Promise<Attempt> {
  const { run, task, step } = job
  const { number, record } = await countAttempt(job, before)
  const allowed = 1 + (step.retry?.times ?? 0) + EXTRA_ATTEMPTS
  if (number > allowed) {
    const message = `${job.node.step} was started ${allowed} times and never finished: the process or machine stopped each time`
    const error: ErrorRecord = { code: 'STEP_CRASHED', name: 'STEP_CRASHED', message }
    return { number, isLast: true, outcomes: new Map(), errors: new Map(items.map(({ index }) => [index, error])) }
  }
  const log = logOf(job, number)
  try {
    // No one waits for this event, and the work must not wait for a bus that is down.
    const started = attemptEvent(run.plan, 'attempt-started', task, number, job.host.clock.now())
    run.publish([started], { withinMs: PUBLISH_WITHIN_MS }).catch(() => {})
    const work = await workOf(job, log, items, step.code)
    const message = () => ({ plan: run.plan, task, attempt: number })
    const bodies = await traced(channels.compute, message, () => runBodies(job, work, stale))
    if (run.signal.reason instanceof Stopped) throw run.signal.reason
    return { number, isLast: false, ...bodies }
  } catch (error) {
    // The store, the bus or the host failed or the host is stopping, not the body. The event is delivered again, so
    // this does not count as an attempt.
    if (record !== undefined) await job.host.store.remove(record).catch(() => {})
    throw error
  } finally {
    await log.end()
  }
}

/**
 * Counts the attempt in the store before it runs, where the next host sees it, so that a body that kills its host does
 * not run for ever. Where no other host takes over, it counts in memory only.
 *
 * @returns the attempt's number, and the path of its record if it has one
 * @throws AlreadyEnded when the task has ended meanwhile
 */
async function countAttempt(
  { host, run, task }: Job,
  before: number,
): Promise<{ readonly number: number; readonly record?: string }> {
  if (!host.hasSuccessor) return { number: before + 1 }
  const mine: AttemptRecord = { v: RECORD_VERSION, startedAt: host.clock.now(), host: host.name }
  for (let number = before + 1; ; number++) {
    const path = run.at.attempt(run.plan.run, task, number)
    const existing = await claim(host.store, path, mine)
    if (existing === mine) return { number, record: path }
    const end = await run.findEnd(task)
    if (end) throw new AlreadyEnded(end)
    // The attempt is ours even if an earlier try, which the store or the bus interrupted, wrote it and could not remove
    // it.
    if (existing.host === mine.host) return { number, record: path }
    if (channels.earlier.hasSubscribers)
      channels.earlier.publish({ plan: run.plan, task, attempt: number, record: existing })
  }
}

async function runBodies(job: Job, work: Work, stale: Stale): Promise<BodyResults> {
  const reporter = new LongRunReporter(job, work)
  try {
    return await collectResults(job, work, stale, reporter)
  } finally {
    reporter.stop()
  }
}

async function collectResults(job: Job, work: Work, stale: Stale, reporter: LongRunReporter): Promise<BodyResults> {
  const outcomes = new Map<number, Outcome>()
  const errors = new Map<number, ErrorRecord>()
  const items = new Map(work.items.map((item) => [item.index, item]))
  const about = () => ({ plan: job.run.plan, task: job.task })
  const storing = new Set<Promise<unknown>>()
  for await (const result of job.host.compute.run(work, job.run.signal)) {
    const item = items.get(result.index)!
    reporter.ended(result.index)
    if ('error' in result) errors.set(result.index, result.error)
    else {
      const store = () => commitWithRetries(job, item, result.outputs, result.ms, stale.get(result.index))
      const stored = traced(channels.commit, about, store)
        .then(
          (outcome) => void outcomes.set(result.index, outcome),
          (error: unknown) => {
            if (!isBodyError(error)) throw error
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
      if (storing.size === CONCURRENCY) await Promise.race(storing)
    }
  }
  await Promise.all(storing)
  return { outcomes, errors }
}
