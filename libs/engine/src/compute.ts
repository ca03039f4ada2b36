import { holdsFile, keepArtifact } from '@cairn/records'
import { AttemptLog } from '@cairn/records'
import { channels, told } from '@cairn/records'
import { keep } from '@cairn/records'
import { errorLine, errorRecord, isOneOf, type ErrorRecord } from '@cairn/records'
import { CairnError, type ErrorCode } from '@cairn/kernel'
import { attemptEvent } from '@cairn/records'
import { AlreadyEnded, Stopped } from './interruptions.ts'
import { contentOf, type ArtifactRef } from '@cairn/kernel'
import type { PinnedCode } from '@cairn/records'
import type { Code, LaneWork, Made, Work } from '@cairn/records'
import { signed } from '@cairn/records'
import { claim, RECORD_VERSION, type AttemptRecord, type Checkpoint, type Outcome } from '@cairn/records'
import { AT_ONCE } from './severally.ts'
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

/** Runs the step's body for the given lanes until each has an outcome: tries again, and falls back, as declared. */
export async function compute(job: Job, lanes: readonly LaneWork[]): Promise<void> {
  const { host, run, task, step } = job
  const retry = step.retry ?? { times: 0, backoffMs: 0, maxBackoffMs: 0 }
  let waiting = lanes
  for (let tried = 1; waiting.length > 0; tried++) {
    const errors = await attempt(job, waiting)
    const again = waiting.filter(
      ({ index }) => tried <= retry.times && !run.signal.aborted && isRetryable(errors.get(index), retry.on),
    )
    await giveUp(
      job,
      waiting.filter((lane) => errors.has(lane.index) && !again.includes(lane)),
      errors,
    )
    waiting = again
    if (waiting.length === 0) return
    const error = errors.get(waiting[0]!.index)!
    for (const { index: lane } of waiting) job.failures.push({ ...errors.get(lane)!, attempt: job.attempts, lane })
    await run.publish([attemptEvent(run.plan, 'attempt-failed', task, job.attempts, host.clock.now(), error)])
    const pause = Math.min(retry.backoffMs * 2 ** (tried - 1), retry.maxBackoffMs)
    await host.clock.sleep(pause, run.signal).catch(() => {}) // cancelled: the next attempt ends at once
  }
}

/** Fails the given lanes without an attempt, or goes on with the step's fallback. */
export function refuse(job: Job, lanes: readonly LaneWork[], error: ErrorRecord): Promise<void> {
  return giveUp(job, lanes, new Map(lanes.map(({ index }) => [index, error])))
}

function isRetryable(error: ErrorRecord | undefined, on: readonly string[] | undefined): boolean {
  if (!error || FINAL.has(error.code)) return false
  return on === undefined || isOneOf(error, on)
}

/** One attempt at the given lanes. */
async function attempt(job: Job, lanes: readonly LaneWork[]): Promise<Map<number, ErrorRecord>> {
  const { run, task, step } = job
  const counted = await countAttempt(job)
  const allowed = 1 + (step.retry?.times ?? 0) + LOST_ATTEMPTS
  if (job.attempts > allowed) {
    const message = `${job.node.step} was begun ${allowed} times and never ended: it takes its host down with it`
    return new Map(lanes.map(({ index }) => [index, { code: 'STEP_CRASHED', name: 'STEP_CRASHED', message }]))
  }
  const log = logOf(job)
  try {
    // No one waits for it, and the work does not wait for a bus that is away.
    const started = attemptEvent(run.plan, 'attempt-started', task, job.attempts, job.host.clock.now())
    run.publish([started], { withinMs: TOLD_WITHIN_MS }).catch(() => {})
    const work = await workOf(job, log, lanes, step.code)
    const message = () => ({ plan: run.plan, task, attempt: job.attempts })
    const errors = await told(channels.compute, message, () => runBodies(job, work))
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
  const lanes = new Map(work.lanes.map((lane) => [lane.index, lane]))
  const about = () => ({ plan: job.run.plan, task: job.task })
  const storing = new Set<Promise<unknown>>()
  for await (const result of job.host.compute.run(work, job.run.signal)) {
    const lane = lanes.get(result.lane)!
    waiting.ended(result.lane)
    if ('error' in result) errors.set(result.lane, result.error)
    else {
      const kept = new Set<string>()
      const store = () => patiently(job, () => commit(job, lane, result.outputs, result.ms, kept))
      const stored = told(channels.commit, about, store)
        .then(
          (outcome) => void job.outcomes.set(result.lane, outcome),
          (error: unknown) => {
            if (!isOfBody(error)) throw error
            errors.set(result.lane, errorRecord(error))
          },
        )
        .then(() => {
          storing.delete(stored)
        })
      stored.catch(() => {}) // told below
      storing.add(stored)
      // A lane's files go with the next lane.
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

/** Stores what a lane made and, unless the step is never reused, its checkpoint. */
async function commit(
  job: Job,
  lane: LaneWork,
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
    key: lane.key,
    fingerprint: 'inline' in step.code ? '' : step.code.fingerprint,
    ...(!('inline' in step.code) && { code: step.code.digest }),
    params: node.params,
    inputs: Object.fromEntries(Object.entries(lane.inputs).map(([name, ref]) => [name, contentOf(ref)])),
    ...(node.versions && { versions: node.versions }),
    outputs,
    producer: { run: run.plan.run, task, host: host.name },
    computedAt: host.clock.now(),
    ms,
    generation: 0,
  }
  const replaced = stale.get(lane.index)
  const standing = await keep(host.store, run.at, host.identity ? signed(checkpoint, host.identity) : checkpoint, {
    ...(replaced && { stale: replaced }),
    ...(node.force && { force: true }),
  })
  return { status: 'completed', how: 'computed', key: lane.key, outputs: standing.outputs, ms }
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
async function giveUp(job: Job, lanes: readonly LaneWork[], errors: ReadonlyMap<number, ErrorRecord>): Promise<void> {
  const { fallback } = job.step
  const caught = fallback ? lanes.filter(({ index }) => !NEVER_CAUGHT.has(errors.get(index)!.code)) : []
  for (const lane of lanes)
    if (!caught.includes(lane)) job.outcomes.set(lane.index, faultOf(errors.get(lane.index)!, lane))
  if (!fallback || caught.length === 0) return
  const log = logOf(job)
  const work = await workOf(
    job,
    log,
    caught.map((lane) => ({ ...lane, error: errors.get(lane.index)! })),
    fallback,
  )
  for await (const result of job.host.compute.run(work, job.run.signal)) {
    const lane = work.lanes.find(({ index }) => index === result.lane)!
    const outcome: Outcome =
      'error' in result
        ? faultOf(
            // Without a secret neither the body nor its catch has begun.
            result.error.code === 'MISSING_SECRET' && lane.error!.code === 'MISSING_SECRET'
              ? lane.error!
              : { ...lane.error!, message: `${lane.error!.message}; its catch failed too: ${errorLine(result.error)}` },
            lane,
          )
        : {
            status: 'completed',
            how: 'caught',
            outputs: await keepAll(job, result.outputs),
            ms: result.ms,
            caught: lane.error!,
          }
    job.outcomes.set(result.lane, outcome)
  }
  await log.end()
}

function faultOf(error: ErrorRecord, { key }: LaneWork): Outcome {
  const status = error.code === 'TIMED_OUT' ? 'timed-out' : error.code === 'CANCELLED' ? 'cancelled' : 'failed'
  return { status, error, key }
}

async function workOf(
  { run, task, node, step }: Job,
  { print }: AttemptLog,
  lanes: readonly LaneWork[],
  pinned: PinnedCode,
): Promise<Work> {
  const codeOf = async (code: PinnedCode): Promise<Code> => ('inline' in code ? { inline: true } : run.code(code))
  return {
    run: run.plan.run,
    node: task,
    step: node.step,
    code: await codeOf(step.code),
    ...(pinned === step.fallback && { fallback: await codeOf(pinned) }),
    lanes,
    params: node.params,
    source: step.source,
    versions: node.versions,
    secrets: step.secrets ?? [],
    timeoutMs: step.timeoutMs,
    memory: step.memory,
    print,
    open: (ref) =>
      told(
        channels.fetch,
        () => ({ plan: run.plan, task, ref }),
        () => run.fetch(ref),
      ),
  }
}
