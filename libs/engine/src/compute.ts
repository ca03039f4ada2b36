import {
  holdsFile,
  keepArtifact,
  AttemptLog,
  channels,
  traced,
  keep,
  errorLine,
  errorRecord,
  isOneOf,
  attemptEvent,
  signed,
  claim,
  RECORD_VERSION,
  type ErrorRecord,
  type PinnedCode,
  type Code,
  type ItemWork,
  type Made,
  type Work,
  type AttemptRecord,
  type Checkpoint,
  type Outcome,
} from '@cairn/records'
import { CairnError, contentOf, type ErrorCode, type ArtifactRef } from '@cairn/kernel'
import { AlreadyEnded, Stopped } from './interruptions.ts'
import { AT_ONCE } from './concurrency.ts'
import type { Job } from './job.ts'
import { StillWaiting } from './still-waiting.ts'

/** An attempt whose host died leaves no error; it is given another, but not for ever. */
const LOST_ATTEMPTS = 2

/** The start of what is over sooner is told together with its end. */
const TOLD_WITHIN_MS = 50

/** Errors that trying again does not mend. */
const FINAL: ReadonlySet<ErrorCode> = new Set([
  'CANCELLED',
  'CORRUPT',
  'MISFIT',
  'HOST_FAILED',
  'MISSING_SECRET',
  'BAD_OUTPUT',
])

/** Errors that tell nothing of the body, which did not run. */
const NEVER_CAUGHT: ReadonlySet<ErrorCode> = new Set(['CANCELLED', 'MISFIT', 'HOST_FAILED'])

/** Runs the step's body for the given items until each has an outcome: tries again, and falls back, as declared. */
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

/** Fails the given items without an attempt, or goes on with the step's fallback. */
export function refuse(job: Job, items: readonly ItemWork[], error: ErrorRecord): Promise<void> {
  return giveUp(job, items, new Map(items.map(({ index }) => [index, error])))
}

function isRetryable(error: ErrorRecord | undefined, on: readonly string[] | undefined): boolean {
  if (!error || FINAL.has(error.code)) return false
  return on === undefined || isOneOf(error, on)
}

/** One attempt at the given items. */
async function attempt(job: Job, items: readonly ItemWork[]): Promise<Map<number, ErrorRecord>> {
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

function logOf({ host: { store, clock }, run: { at, plan }, task, attempts }: Job): AttemptLog {
  return new AttemptLog({ store, clock, at, plan, task, attempt: attempts })
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
      const kept = new Set<string>()
      const store = () => patiently(job, () => commit(job, item, result.outputs, result.ms, kept))
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

/** Whether storing an output failed because of the body. */
function isOfBody(error: unknown): boolean {
  return error instanceof CairnError && error.code === 'BAD_OUTPUT'
}

/** Tries again for a few seconds: what took hours to compute is not to be lost because the store was away for a moment. */
async function patiently<Result>({ host, run }: Job, work: () => Promise<Result>): Promise<Result> {
  for (let wait = 100; ; wait *= 4)
    try {
      return await work()
    } catch (error) {
      if (wait > 5_000 || isOfBody(error)) throw error
      await host.clock.sleep(wait, run.signal)
    }
}

/** Stores what an item made and, unless the step is never reused, its checkpoint. */
async function commit(
  job: Job,
  item: ItemWork,
  made: Readonly<Record<string, Made>>,
  ms: number,
  kept: Set<string>,
): Promise<Outcome> {
  const { host, run, task, node, step, stale } = job
  const outputs = await keepAll(job, made, kept)
  if (!job.cached) return { status: 'completed', how: 'computed', outputs, ms }
  const checkpoint: Checkpoint = {
    v: RECORD_VERSION,
    step: node.step,
    key: item.key,
    fingerprint: 'inline' in step.code ? '' : step.code.fingerprint,
    ...(!('inline' in step.code) && { code: step.code.digest }),
    params: node.params,
    inputs: Object.fromEntries(Object.entries(item.inputs).map(([name, ref]) => [name, contentOf(ref)])),
    ...(node.versions && { versions: node.versions }),
    outputs,
    producer: { run: run.plan.run, task, host: host.name },
    computedAt: host.clock.now(),
    ms,
    generation: 0,
  }
  const replaced = stale.get(item.index)
  const standing = await keep(host.store, run.at, host.identity ? signed(checkpoint, host.identity) : checkpoint, {
    ...(replaced && { stale: replaced }),
    ...(node.force && { force: true }),
  })
  return { status: 'completed', how: 'computed', key: item.key, outputs: standing.outputs, ms }
}

/** @param kept digests of what earlier tries have stored */
async function keepAll(
  { host, run }: Job,
  made: Readonly<Record<string, Made>>,
  kept?: Set<string>,
): Promise<Record<string, ArtifactRef>> {
  const outputs: Record<string, ArtifactRef> = {}
  for (const [name, output] of Object.entries(made))
    outputs[name] = await keepArtifact(host.store, run.at, output, kept)
  return outputs
}

/** No more attempts: the step's fallback, if it has one, or else the error stands. */
async function giveUp(job: Job, items: readonly ItemWork[], errors: ReadonlyMap<number, ErrorRecord>): Promise<void> {
  const { fallback } = job.step
  const caught = fallback ? items.filter(({ index }) => !NEVER_CAUGHT.has(errors.get(index)!.code)) : []
  for (const item of items)
    if (!caught.includes(item)) job.outcomes.set(item.index, faultOf(errors.get(item.index)!, item))
  if (!fallback || caught.length === 0) return
  const log = logOf(job)
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
        ? faultOf(
            // Without a secret neither the body nor its catch has begun.
            result.error.code === 'MISSING_SECRET' && item.error!.code === 'MISSING_SECRET'
              ? item.error!
              : { ...item.error!, message: `${item.error!.message}; its catch failed too: ${errorLine(result.error)}` },
            item,
          )
        : {
            status: 'completed',
            how: 'caught',
            outputs: await keepAll(job, result.outputs),
            ms: result.ms,
            caught: item.error!,
          }
    job.outcomes.set(result.index, outcome)
  }
  await log.end()
}

function faultOf(error: ErrorRecord, { key }: ItemWork): Outcome {
  const status = error.code === 'TIMED_OUT' ? 'timed-out' : error.code === 'CANCELLED' ? 'cancelled' : 'failed'
  return { status, error, key }
}

async function workOf(
  { run, task, node, step }: Job,
  { print }: AttemptLog,
  items: readonly ItemWork[],
  pinned: PinnedCode,
): Promise<Work> {
  const codeOf = async (code: PinnedCode): Promise<Code> => ('inline' in code ? { inline: true } : run.code(code))
  return {
    run: run.plan.run,
    node: task,
    step: node.step,
    code: await codeOf(step.code),
    ...(pinned === step.fallback && { fallback: await codeOf(pinned) }),
    items,
    params: node.params,
    source: step.source,
    versions: node.versions,
    secrets: step.secrets ?? [],
    timeoutMs: step.timeoutMs,
    memory: step.memory,
    print,
    open: (ref) =>
      traced(
        channels.fetch,
        () => ({ plan: run.plan, task, ref }),
        () => run.fetch(ref),
      ),
  }
}
