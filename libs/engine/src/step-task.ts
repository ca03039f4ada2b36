import {
  mapConcurrently,
  channels,
  lookUp,
  parseTask,
  checkpointKey,
  sha256,
  type PlannedStepNode,
  type ItemWork,
  type Outcome,
} from '@cairn/records'
import { compute, failWithoutAttempt } from './compute.ts'
import type { Host } from './host.ts'
import type { SingleFlight } from './single-flight.ts'
import type { Leases, LeaseUse } from './lease.ts'
import type { Computed, Job, Outcomes, Result, Stale } from './job.ts'
import { inputsOf, resolveRefs } from './item-inputs.ts'
import { REPORT_FACTOR } from './long-run-reporter.ts'
import type { RunContext } from './run-context.ts'

/** Runs a step's task: reuses the checkpoints of items that have one, and computes the others. */
export async function runStep(
  host: Host,
  leases: Leases,
  singleFlight: SingleFlight,
  run: RunContext,
  task: string,
): Promise<Result> {
  const { node: id, batch } = parseTask(task)
  const node = run.plan.nodes[id] as PlannedStepNode
  const step = run.plan.steps[node.step]!
  const base = run.keyBase(id)
  const cached = base !== undefined && !(step.cache && 'never' in step.cache)
  const job: Job = { host, leases, singleFlight, run, task, node, step, cached }

  const refs = await resolveRefs(run.state, run, node.scope, batch, Object.values(node.inputs))
  const items = inputsOf(run.state, id, batch, node.inputs, refs)
  // Without a fingerprint there is no key. Random numbers are then seeded by run, task and item.
  const keyOf = (inputs: ItemWork['inputs'], index: number) =>
    base === undefined ? sha256(`${run.plan.run}/${task}/${index}`) : checkpointKey(base, inputs)
  const work = items.flatMap((item, index): ItemWork[] =>
    'inputs' in item ? [{ index, inputs: item.inputs, key: keyOf(item.inputs, index) }] : [],
  )
  const computing = node.unread
    ? failWithoutAttempt(job, work, node.unread)
    : cached
      ? computeOnce(job, work)
      : compute(job, work)
  const { outcomes, attempts, failures } = await computing
  return { items: items.map((item, at) => ('inputs' in item ? outcomes.get(at)! : item)), attempts, failures }
}

interface LookedUp {
  /** Of the items that have a checkpoint. */
  readonly outcomes: Outcomes
  /** The other items. */
  readonly missing: readonly ItemWork[]
  readonly stale: Stale
}

/** Looks for checkpoints of the given items. */
async function reuse({ host, run, node, step }: Job, items: readonly ItemWork[]): Promise<LookedUp> {
  const outcomes = new Map<number, Outcome>()
  const stale = new Map<number, Uint8Array>()
  if (node.force) return { outcomes, missing: items, stale }
  await mapConcurrently(items, async ({ index, key }) => {
    const found = await lookUp(host.store, run.at, node.step, key, step, host.clock.now())
    if (found.hit) {
      const { outputs, ms } = found.hit
      outcomes.set(index, { status: 'completed', how: 'reused', key, outputs, ms })
    } else if (found.stale) stale.set(index, found.stale)
  })
  return { outcomes, missing: items.filter(({ index }) => !outcomes.has(index)), stale }
}

/**
 * Reuses checkpoints and computes every other key once. Items with the same key share one result; other tasks of this
 * process wait for it, and other processes do while the lease is held. The name of the lease covers all items of the
 * task, even those with a checkpoint, so that two runs of the same batch always use the same lease.
 */
async function computeOnce(job: Job, all: readonly ItemWork[]): Promise<Computed> {
  const release = await job.singleFlight.take(all.map(({ key }) => key))
  try {
    const { outcomes: reused, missing, stale } = await reuse(job, all)
    if (missing.length === 0) return { outcomes: reused, attempts: 0, failures: [] }
    const byKey = new Map([...missing].reverse().map((item) => [item.key, item]))
    const lease = all.length === 1 ? all[0]!.key : sha256(all.map(({ key }) => key).join())
    const computed = await computeLeased(job, lease, [...byKey.values()].reverse(), stale)
    const outcomes = new Map([...reused, ...computed.outcomes])
    for (const { index, key } of missing) {
      const outcome = outcomes.get(byKey.get(key)!.index)!
      if (!outcomes.has(index)) outcomes.set(index, isStored(outcome) ? { ...outcome, how: 'reused' } : outcome)
    }
    return { ...computed, outcomes }
  } finally {
    release()
  }
}

/** The result of a `catch` is not a checkpoint: each item that continues with it is recorded as caught. */
function isStored(outcome: Outcome): outcome is Extract<Outcome, { status: 'completed' }> {
  return outcome.status === 'completed' && outcome.how !== 'caught'
}

async function computeLeased(job: Job, name: string, items: readonly ItemWork[], known: Stale): Promise<Computed> {
  const { run, node } = job
  const outcomes = new Map<number, Outcome>()
  const stale = new Map(known)
  let missing = items
  const reuseMore = async () => {
    const found = await reuse(job, missing)
    for (const [index, outcome] of found.outcomes) outcomes.set(index, outcome)
    for (const [index, bytes] of found.stale) stale.set(index, bytes)
    missing = found.missing
    return missing.length === 0
  }
  const path = run.at.lease(name)
  const lease = await leaseFor(job, path, missing.length, reuseMore)
  if (!lease) return { outcomes, attempts: 0, failures: [] }
  const { isFresh, release } = lease
  try {
    // The previous holder of the lease may have committed results just before releasing it.
    const isDone = !node.force && !isFresh && (await reuseMore())
    const computed = isDone ? undefined : await compute(job, missing, stale)
    for (const [index, outcome] of computed?.outcomes ?? []) outcomes.set(index, outcome)
    return { attempts: 0, failures: [], ...computed, outcomes }
  } finally {
    await release()
  }
}

interface Lease {
  /** Nobody was seen to hold the lease. */
  readonly isFresh: boolean
  readonly release: () => Promise<void>
}

/** Takes or waits for the lease; undefined when another process has committed the results meanwhile. */
async function leaseFor(
  job: Job,
  path: string,
  items: number,
  shouldStop: () => Promise<boolean>,
): Promise<Lease | undefined> {
  const { host, run, node, leases } = job
  const { leaseAfterMs, longestRecentMs } = host
  const use = { run: `${run.plan.pipeline}/${run.plan.run}`, onWait: waitReporter(job) }
  if (leaseAfterMs === undefined)
    return (await leases.acquire(path, shouldStop, run.signal, use))
      ? { isFresh: false, release: () => leases.release(path) }
      : undefined
  // Nobody takes a lease for work this short, so there is none to wait for.
  const isShort = (longestRecentMs?.(node.step) ?? Infinity) * items < leaseAfterMs * SHORT_SHARE
  const seen = isShort ? 'free' : await leases.wait(path, shouldStop, run.signal, use.onWait)
  return seen === 'obsolete'
    ? undefined
    : { isFresh: seen === 'free', release: leases.acquireAfter(path, leaseAfterMs, use.run) }
}

/** Returns a function that reports, at growing intervals, which run computes what this one waits for. */
function waitReporter({ host, run, task }: Job): NonNullable<LeaseUse['onWait']> {
  let due = host.stillWaitingAfterMs ?? Infinity
  return (other, ms) => {
    if (ms < due) return
    const line = `still waiting after ${due / 1_000} s: ${other === undefined ? 'another process' : `run ${other}`} is computing the same result`
    due *= REPORT_FACTOR
    const about = { run: run.plan.run, node: task, attempt: 1, stream: 'stderr' as const }
    if (channels.output.hasSubscribers) channels.output.publish({ ...about, line })
  }
}

/** Fraction of `leaseAfterMs`: work whose recent calls took less is not expected to need a lease. */
const SHORT_SHARE = 0.2
