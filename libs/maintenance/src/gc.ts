import {
  unfinished,
  readRecord,
  type GcReport,
  type Layout,
  type Plan,
  type ArtifactStore,
  type Clock,
  type StoredStat,
  type Checkpoint,
  type RunEnd,
} from '@cairn/records'
import { addCheckpoint, addRun, noReferences, unlessBad, type References } from './references.ts'

export interface GcPolicy {
  /**
   * Number of newest runs to keep, with everything they reference. Unless this is 0, the newest completed run of the
   * whole pipeline is kept, too: while nothing has been promoted, it is the one in production.
   */
  readonly keepRuns: number
  /** Older runs to keep. */
  readonly pinned?: readonly string[]
  /** Age in milliseconds up to which runs and checkpoints are kept, too. */
  readonly keepMs: number
  /**
   * Grace period in milliseconds for unreferenced objects in the trash. It must be longer than the longest step,
   * because a step stores its outputs before the record that references them.
   */
  readonly graceMs: number
  /**
   * Whether a process is known to have exited. A run without an end is kept while a process that works on it may be
   * alive. Absent on services, where others take over: each run without an end is kept, also while it waits for a stage.
   */
  readonly isGone?: (host: string) => boolean
  /** Describes why nobody runs a plan; undefined when it is valid. A run with such a plan is not in progress. */
  readonly planFault?: (plan: Plan) => string | undefined
  /** Only report. */
  readonly dryRun?: boolean
  /** Called before any run is removed. A run that a ref names after this call is kept. */
  readonly onRemoveRuns?: (runs: readonly string[]) => Promise<void>
}

/**
 * Collects garbage: removes what no live record references. Objects go in two phases. An unreferenced object is moved
 * to the trash, from where a reader that still needs it moves it back. A later collection deletes it after the grace
 * period, if it is still unreferenced.
 */
export async function collect(store: ArtifactStore, clock: Clock, at: Layout, policy: GcPolicy): Promise<GcReport> {
  const report: GcReport = {
    runs: [],
    checkpoints: 0,
    code: 0,
    stale: 0,
    trashed: 0,
    deleted: 0,
    restored: 0,
    freed: 0,
    damaged: [],
  }
  const remove = async (path: string) => (policy.dryRun ? undefined : store.remove(path))
  const now = clock.now()
  const isYoung = ({ modified }: StoredStat) => now - modified < policy.graceMs

  const live = noReferences()
  const onBad = (path: string) => void report.damaged.push(path)
  const kept = await liveRuns(store, at, policy, now, report)
  const seen = new Set([...kept, ...report.runs])
  for (const run of kept) await addRun(store, at, run, live, onBad)
  if (report.runs.length > 0 && !policy.dryRun) {
    await policy.onRemoveRuns?.([...report.runs])
    const named = await namedRuns(store, at, onBad)
    for (const run of report.runs.filter((name) => named.has(name))) await addRun(store, at, run, live, onBad)
    report.runs.splice(0, Infinity, ...report.runs.filter((name) => !named.has(name)))
  }
  if (report.damaged.length === 0) await pruneCheckpoints(store, at, policy, now, live, report, remove)
  for (const run of report.runs) await removeRun(store, at, run, remove)
  const pruneStale = async (folder: string, isNeeded: (name: string) => boolean) => {
    for await (const file of store.list(folder)) {
      if (isYoung(file) || isNeeded(nameOf(file.path))) continue
      report.stale++
      await remove(file.path)
    }
  }
  await pruneStale(at.leases, () => false) // leases that are held are renewed
  if (report.damaged.length > 0) return report
  // The record of an idempotency key is kept as long as its run.
  await pruneStale(at.submissions, (digest) => live.submissions.has(digest))

  // Runs that were planned meanwhile may use code and objects from before.
  for (const run of await store.children(at.runs)) if (!seen.has(run)) await addRun(store, at, run, live, onBad)
  const fingerprints = new Set([...live.code.values()].map(({ fingerprint }) => fingerprint))
  for await (const file of store.list(`${at.root}code/`)) {
    const name = nameOf(file.path).replace(/\.\w+$/, '')
    if (live.code.has(name) || fingerprints.has(name) || isYoung(file)) continue
    if (file.path.endsWith('.mjs')) report.code++
    await remove(file.path)
  }
  for await (const file of store.list(`${at.root}trash/`)) {
    const digest = nameOf(file.path)
    if (live.objects.has(digest)) {
      report.restored++
      if (!policy.dryRun) await store.move(file.path, at.object(digest))
    } else if (!isYoung(file)) {
      report.deleted++
      report.freed += file.size
      await remove(file.path)
    }
  }
  for await (const file of store.list(`${at.root}objects/`)) {
    const digest = nameOf(file.path)
    if (live.objects.has(digest) || isYoung(file)) continue
    report.trashed++
    if (!policy.dryRun) await store.move(file.path, at.trash(digest))
  }
  return report
}

/** The run that a ref names; for production, with the runs before it. */
interface Named {
  readonly run: string
  readonly previous?: Named
}

/** Lists the runs to keep, and reports those to remove. A run without an end that is or may be running is kept. */
async function liveRuns(
  store: ArtifactStore,
  at: Layout,
  { keepRuns, keepMs, pinned = [], isGone, planFault }: GcPolicy,
  now: number,
  report: GcReport,
): Promise<string[]> {
  const names = (await store.children(at.runs)).sort().reverse()
  const referred = new Set(pinned).union(await namedRuns(store, at, (bad) => void report.damaged.push(bad)))
  const live: string[] = []
  let hasProduction = keepRuns === 0
  let newer = 0
  for (const name of names) {
    const end = await readRecord<RunEnd>(store, at.runEnd(name)).catch(unlessBad('', () => {})) // may be removed
    const planned = await store.stat(at.plan(name))
    const since = end?.endedAt ?? planned?.modified ?? (await lastWritten(store, at.run(name))) ?? now
    const isProduction = !hasProduction && end?.status === 'completed' && (await isWhole(store, at, name))
    hasProduction ||= isProduction
    const mayRun = async () =>
      !(await store.stat(at.runEnd(name))) && (await isInProgress(store, at, name, { isGone, planFault }))
    if (referred.has(name) || now - since < keepMs) live.push(name)
    // Without its plan, a run is what is left of one that was removed: the removal was interrupted, or a process that
    // worked on it wrote its records too late.
    else if (planned && (newer < keepRuns || isProduction || (await mayRun()))) live.push(name)
    else report.runs.push(name)
    if (planned) newer++
  }
  return live
}

/** Returns the runs that refs name. Earlier production runs are among them, because a rollback may restore them. */
async function namedRuns(store: ArtifactStore, at: Layout, onBad: (path: string) => void): Promise<Set<string>> {
  const runs = new Set<string>()
  for (const ref of await store.children(at.ref(''))) {
    const path = at.ref(ref)
    let named: Named | undefined = await readRecord<Named & { v: number }>(store, path).catch(unlessBad(path, onBad))
    for (; named; named = named.previous) runs.add(named.run)
  }
  return runs
}

async function isWhole(store: ArtifactStore, at: Layout, run: string): Promise<boolean> {
  const plan = await readRecord<Plan>(store, at.plan(run)).catch(unlessBad('', () => {}))
  return plan !== undefined && plan.playground === undefined && !plan.partial && !plan.taints
}

/** Whether a run without an end may be running, or starts later: it waits in a queue or, on services, for a stage. */
async function isInProgress(
  store: ArtifactStore,
  at: Layout,
  run: string,
  { isGone, planFault }: { [Name in 'isGone' | 'planFault']: GcPolicy[Name] | undefined },
): Promise<boolean> {
  const plan = () => readRecord<Plan>(store, at.plan(run)).catch(unlessBad('', () => {}))
  if (!isGone) {
    const found = await plan()
    return found !== undefined && planFault?.(found) === undefined
  }
  const found = await unfinished(store, at, run, isGone)
  return found === 'planned' ? (await plan())?.queued === true : found === 'running'
}

async function lastWritten(store: ArtifactStore, folder: string): Promise<number | undefined> {
  let last: number | undefined
  for await (const { modified } of store.list(folder)) last = Math.max(last ?? modified, modified)
  return last
}

async function pruneCheckpoints(
  store: ArtifactStore,
  at: Layout,
  { keepMs }: GcPolicy,
  now: number,
  live: References,
  report: GcReport,
  remove: (path: string) => Promise<void>,
): Promise<void> {
  for (const step of await store.children(`${at.root}checkpoints/`))
    for (const key of await store.children(at.checkpoints(step))) {
      const path = at.checkpoint(step, key)
      const onBad = (bad: string) => void report.damaged.push(bad)
      const checkpoint = await readRecord<Checkpoint>(store, path).catch(unlessBad(path, onBad))
      if (!checkpoint) continue
      if (live.checkpoints.has(`${step}/${key}`) || now - checkpoint.computedAt < keepMs) {
        await addCheckpoint(store, at, checkpoint, live)
        continue
      }
      report.checkpoints++
      await remove(path)
    }
}

/**
 * Removes a run. The submission goes first, so that its idempotency key does not lead to a removed run. Then goes the
 * plan, without which there is no run, so that a concurrent reader can tell.
 */
async function removeRun(store: ArtifactStore, at: Layout, run: string, remove: (path: string) => Promise<void>) {
  const plan = await readRecord<Plan>(store, at.plan(run)).catch(unlessBad('', () => {}))
  if (plan?.submission !== undefined && DIGEST.test(plan.submission)) await remove(at.submission(plan.submission))
  await remove(at.plan(run))
  for await (const { path } of store.list(at.run(run))) if (path !== at.plan(run)) await remove(path)
}

const DIGEST = /^[0-9a-f]{64}$/

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}
