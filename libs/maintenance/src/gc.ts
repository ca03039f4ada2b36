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
   * The newest runs, which stay with all that they refer to. Unless it is 0, the newest one of the whole pipeline that
   * completed stays, too: where nothing was promoted, it is in production.
   */
  readonly keepRuns: number
  /** Older runs that stay all the same. */
  readonly pinned?: readonly string[]
  /** Younger runs and checkpoints stay, too. Milliseconds. */
  readonly keepMs: number
  /**
   * How long what nothing refers to stays in the trash before it is deleted, in milliseconds: longer than the longest step,
   * for a step stores its outputs before the record that refers to them.
   */
  readonly graceMs: number
  /**
   * Whether a process is known to have ended: a run without an end stays as long as one that works at it may live.
   * Default: of none it is known.
   */
  readonly isGone?: (host: string) => boolean
  /** Only tell. */
  readonly dryRun?: boolean
}

/**
 * Removes what no live record refers to, in two steps: an object that nothing refers to is moved to the trash (a reader that
 * wants it after all brings it back), and deleted only by a collection after the grace, if still nothing refers to it.
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
  for (const run of await liveRuns(store, at, policy, now, report)) await addRun(store, at, run, live, onBad)
  if (report.damaged.length === 0) await pruneCheckpoints(store, at, policy, now, live, report, remove)
  for (const run of report.runs) await removeRun(store, at, run, remove)
  const pruneStale = async (folder: string, isNeeded: (name: string) => boolean) => {
    for await (const file of store.list(folder)) {
      if (isYoung(file) || isNeeded(nameOf(file.path))) continue
      report.stale++
      await remove(file.path)
    }
  }
  await pruneStale(at.leases, () => false) // held ones are renewed
  if (report.damaged.length > 0) return report
  // A key stands for its run for as long as that is kept.
  await pruneStale(at.submissions, (digest) => live.submissions.has(digest))

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

/** What a ref names: a run, and for production those before it. */
interface Named {
  readonly run: string
  readonly previous?: Named
}

/** Names the runs that stay; notes those that go. A run without an end that is, or may be, at work stays. */
async function liveRuns(
  store: ArtifactStore,
  at: Layout,
  { keepRuns, keepMs, pinned = [], isGone = () => false }: GcPolicy,
  now: number,
  report: GcReport,
): Promise<string[]> {
  const names = (await store.children(at.runs)).sort().reverse()
  const referred = new Set(pinned)
  for (const ref of await store.children(at.ref(''))) {
    // What was in production before stays, too: one can roll back to it.
    const path = at.ref(ref)
    const onBad = (bad: string) => void report.damaged.push(bad)
    let named: Named | undefined = await readRecord<Named & { v: number }>(store, path).catch(unlessBad(path, onBad))
    for (; named; named = named.previous) referred.add(named.run)
  }
  const live: string[] = []
  let hasProduction = keepRuns === 0
  for (const [newer, name] of names.entries()) {
    const end = await readRecord<RunEnd>(store, at.runEnd(name)).catch(unlessBad('', () => {})) // it may go, in time
    const since =
      end?.endedAt ?? (await store.stat(at.plan(name)))?.modified ?? (await lastWritten(store, at.run(name))) ?? now
    const isProduction = !hasProduction && end?.status === 'completed' && (await isWhole(store, at, name))
    hasProduction ||= isProduction
    const stays = newer < keepRuns || referred.has(name) || now - since < keepMs || isProduction
    if (stays || (!(await store.stat(at.runEnd(name))) && (await goesOn(store, at, name, isGone)))) live.push(name)
    else report.runs.push(name)
  }
  return live
}

async function isWhole(store: ArtifactStore, at: Layout, run: string): Promise<boolean> {
  const plan = await readRecord<Plan>(store, at.plan(run)).catch(unlessBad('', () => {}))
  return plan !== undefined && plan.playground === undefined && !plan.partial && !plan.taints
}

/** Whether a run that has not ended may be running, or waits in the queue. */
async function goesOn(
  store: ArtifactStore,
  at: Layout,
  run: string,
  isGone: (host: string) => boolean,
): Promise<boolean> {
  const found = await unfinished(store, at, run, isGone)
  if (found !== 'planned') return found === 'running'
  return (await readRecord<Plan>(store, at.plan(run)).catch(unlessBad('', () => {})))?.queued === true
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

/** The plan first: without one there is no run, so that whoever reads a run while it is removed can tell. */
/** Removes the submission first: its idempotency key must not bring back a run that was removed. */
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
