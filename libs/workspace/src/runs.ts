import { isGone } from '@cairn/drivers/process-id'
import { CairnError, suggest, type ArtifactRef } from '@cairn/kernel'
import {
  NAMES,
  PRODUCTION,
  readRecord,
  unfinished,
  type ArtifactStore,
  type EndRecord,
  type Layout,
  type Plan,
  type RunEnd,
  type RunStatus,
  type Unfinished,
} from '@cairn/records'
import { planRerun } from '@cairn/planner'
import { undefinedOn } from '@cairn/kernel/contract'

/** A run's plan and end. */
export interface RunSummary {
  readonly plan: Plan
  /** Undefined while it runs, and for a run whose process died. */
  readonly end: RunEnd | undefined
}

/** The status of a run that has ended, or the state of one that has not. */
export type RunStateName = RunStatus | Unfinished

/**
 * Determines a run's status.
 *
 * @param on the services that the store belongs to; there, other processes take over from one that exited
 */
export async function statusOf(
  store: ArtifactStore,
  at: Layout,
  { plan, end }: RunSummary,
  on: string | undefined,
): Promise<RunStateName> {
  const isOurs = on === undefined || plan.playground !== undefined
  return end?.status ?? unfinished(store, at, plan.run, (host) => isOurs && isGone(host))
}

/** Creates a sortable name: the time in UTC, two letters for the fraction of the second, and three random letters. */
export function newRunName(now: number): string {
  const [day, time] = new Date(now).toISOString().slice(0, 19).replaceAll(/[-:]/g, '').split('T') as [string, string]
  const { length } = ALPHABET
  const part = Math.floor(((now % 1000) / 1000) * length ** 2)
  const random = Array.from({ length: RANDOM }, () => Math.floor(Math.random() * length))
  const letters = [Math.floor(part / length), part % length, ...random].map((letter) => ALPHABET[letter]).join('')
  return `${day}-${time}-${letters}`
}
/** A name for the next run, and the newest run if its name has a later time than now. */
export interface NextRun {
  readonly run: string
  readonly isAhead?: string
}

/** Clock difference between hosts, in milliseconds, that is not reported. */
const SKEW_MS = 2_000

/**
 * Creates a name that sorts after all existing runs, even one that was named while a clock was ahead. The order of
 * names decides which run is the latest, and which ones `gc` keeps.
 */
export async function nextRun(store: ArtifactStore, at: Layout, now: number): Promise<NextRun> {
  const run = newRunName(now)
  const ahead = await store.children(at.runs, run.slice(0, -RANDOM)) // includes runs of the same moment
  const newest = await newestRun(store, at, ahead)
  if (newest === undefined || timeOf(newest) < timeOf(run)) return { run }
  const after = timeOf(newest) + TICK_MS
  return { run: newRunName(after), ...(after - now > SKEW_MS && { isAhead: newest }) }
}

/**
 * Finds the newest run with a readable plan. Anyone who may write to the store can create a name, so names alone do not
 * count.
 */
async function newestRun(store: ArtifactStore, at: Layout, names: readonly string[]): Promise<string | undefined> {
  for (const name of names.toSorted().reverse())
    if (RUN_NAME.test(name) && timeOf(name) < MAX_TIME) {
      const plan = await readRecord<Plan>(store, at.plan(name)).catch(undefinedOn('BAD_RECORD'))
      if (plan) return name
    }
  return undefined
}

/** Later years do not fit into a name. */
const MAX_TIME = Date.UTC(9999, 0)

const RUN_NAME = /^(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)(\d\d)-([2-9a-hj-km-np-z])([2-9a-hj-km-np-z])/
/** Longer than the fraction of a second that two letters can express. */
const TICK_MS = 2

function timeOf(name: string): number {
  const [, year, month, day, hour, minute, second, high, low] = RUN_NAME.exec(name)!
  const part = ALPHABET.indexOf(high!) * ALPHABET.length + ALPHABET.indexOf(low!)
  const whole = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second))
  return whole + Math.ceil((part * 1000) / ALPHABET.length ** 2)
}

/** Number of random letters in a name. */
const RANDOM = 3
/** In sort order. */
const ALPHABET = '23456789abcdefghjkmnpqrstuvwxyz'

/**
 * Lists the names of a pipeline's runs, newest first. Names that no run can have are skipped; `cairn doctor` reports
 * them.
 */
export async function runNames(store: ArtifactStore, at: Layout): Promise<string[]> {
  return (await store.children(at.runs)).filter(NAMES.run.fits).sort().reverse()
}

/**
 * Finds a run by what a user typed: its name, the start or end of its name (at least four letters), a ref, `latest` or
 * `production`.
 *
 * @param playground the playground whose latest run is meant
 * @throws CairnError NOT_FOUND when no run or several runs match
 */
export async function findRun(store: ArtifactStore, at: Layout, wanted: string, playground?: string): Promise<string> {
  const names = await runNames(store, at)
  if (names.length === 0) throw new CairnError('NOT_FOUND', `${at.root} has no runs`, { next: 'cairn run' })
  if (wanted === 'latest') return (await latestIn(store, at, playground)) ?? names[0]!
  const ref = await readRecord<{ v: number; run: string }>(store, at.ref(wanted))
  if (ref) return ref.run
  if (wanted === PRODUCTION) return newestComplete(store, at)
  if (names.includes(wanted)) return wanted
  const matching = wanted.length < MIN_LETTERS ? [] : names.filter((name) => isPartOf(name, wanted))
  if (matching.length === 1) return matching[0]!
  const [moment] = RUN_NAME.exec(wanted) ?? []
  if (matching.length === 0 && moment !== undefined) {
    const alike = names.filter((name) => name.startsWith(moment.slice(0, -2)))
    throw new CairnError('NOT_FOUND', `run ${wanted} does not exist, or a collection removed it`, {
      next: ['cairn runs', ...(alike.length > 0 ? [suggest(wanted, alike)] : [])].join('; '),
    })
  }
  const what = matching.length === 0 ? `run "${wanted}" does not exist` : `${matching.length} runs match "${wanted}"`
  throw new CairnError('NOT_FOUND', what, {
    next: `cairn runs; ${suggest(wanted, matching.length > 0 ? matching : names)}`,
  })
}

/** Shorter texts would match some run by chance. */
const MIN_LETTERS = 4

function isPartOf(name: string, wanted: string): boolean {
  return name.startsWith(wanted) || name.endsWith(wanted)
}

async function latestIn(store: ArtifactStore, at: Layout, playground: string | undefined): Promise<string | undefined> {
  if (playground === undefined) return undefined
  for await (const { plan } of recentRuns(store, at, Infinity)) if (plan.playground === playground) return plan.run
  return undefined
}

/** Finds the run in production before the first promotion: the newest completed run of the whole pipeline. */
async function newestComplete(store: ArtifactStore, at: Layout): Promise<string> {
  for await (const { plan, end } of recentRuns(store, at, Infinity)) {
    const isProductions = plan.playground === undefined && !plan.partial && !plan.taints
    if (end?.status === 'completed' && isProductions) return plan.run
  }
  throw new CairnError('NOT_FOUND', `no complete run of the whole pipeline in ${at.root}`, { next: 'cairn run' })
}

/**
 * Reads the plan and the end of a run.
 *
 * @throws CairnError NOT_FOUND when the run has no plan; BAD_RECORD when one of the two records cannot be decoded
 */
export async function readRun(store: ArtifactStore, at: Layout, run: string): Promise<RunSummary> {
  const plan = await readRecord<Plan>(store, at.plan(run))
  if (!plan) {
    const isDamaged = (await store.children(at.run(run))).length > 0
    throw isDamaged
      ? new CairnError('NOT_FOUND', `run ${run} has no plan`, { next: 'cairn doctor' })
      : new CairnError('NOT_FOUND', `run ${run} does not exist, or a collection removed it`, { next: 'cairn runs' })
  }
  return { plan, end: await readRecord<RunEnd>(store, at.runEnd(run)) }
}

/**
 * Reads the terminal records of a run, by task.
 *
 * @throws CairnError NOT_FOUND when the run was removed meanwhile, because its records may then be incomplete
 */
export async function readEnds(store: ArtifactStore, at: Layout, run: string): Promise<Map<string, EndRecord>> {
  const ends = new Map<string, EndRecord>()
  for (const file of await store.children(at.ends(run))) {
    const task = at.taskOf(file)
    const end = await readRecord<EndRecord>(store, at.end(run, task))
    if (end) ends.set(task, end)
  }
  // Garbage collection removes the plan first.
  if (await store.stat(at.plan(run))) return ends
  throw new CairnError('NOT_FOUND', `a collection removed run ${run} in the meantime`, { next: 'cairn runs' })
}

/** Returns the outputs of a node in a run; undefined when it did not complete. */
export async function outputsOf(
  store: ArtifactStore,
  at: Layout,
  plan: Plan,
  node: string,
): Promise<Readonly<Record<string, ArtifactRef>> | undefined> {
  const planned = plan.nodes[node]
  if (planned?.type === 'given') return planned.outputs
  const end = await readRecord<EndRecord>(store, at.end(plan.run, node))
  const outcome = end?.items[0]
  return outcome?.status === 'completed' ? outcome.outputs : undefined
}

export interface RerunOptions {
  /** Outputs to use instead of those of other nodes, by node. */
  readonly given?: Readonly<Record<string, Readonly<Record<string, ArtifactRef>>>>
  /** Name of the new run, if it is fixed already. */
  readonly run?: string
}

/**
 * Plans a rerun of one node of a recorded run, as it was computed then.
 *
 * @throws CairnError BAD_PARAMETER for a node that cannot be computed on its own; NOT_FOUND when an input's node did not
 *   complete
 */
export async function rerunOf(
  store: ArtifactStore,
  at: Layout,
  plan: Plan,
  node: string,
  now: number,
  { given = {}, run: name }: RerunOptions = {},
): Promise<Plan> {
  const outputs = async (id: string) => given[id] ?? outputsOf(store, at, plan, id)
  const run = name ?? (await nextRun(store, at, now)).run
  return planRerun(plan, node, { run, now, outputs })
}

/** Reads the newest runs with a readable plan, newest first. */
export async function* recentRuns(store: ArtifactStore, at: Layout, limit = RECENT_RUNS): AsyncIterable<RunSummary> {
  for (const name of (await runNames(store, at)).slice(0, limit)) {
    const plan = await readRecord<Plan>(store, at.plan(name)).catch(undefinedIfDamaged)
    if (plan) yield { plan, end: await readRecord<RunEnd>(store, at.runEnd(name)).catch(undefinedIfDamaged) }
  }
}

/** Damaged history must not stop a run; `cairn doctor` reports it. */
function undefinedIfDamaged(error: unknown): undefined {
  if (!(error instanceof CairnError && error.code === 'BAD_RECORD')) throw error
}
const RECENT_RUNS = 20

/** Finds the run to compare a plan with: the newest recent run that completed, or else the newest. */
export async function previousRun(store: ArtifactStore, at: Layout, except?: string): Promise<RunSummary | undefined> {
  let newest: RunSummary | undefined
  for await (const run of recentRuns(store, at)) {
    if (run.plan.run === except) continue
    if (run.end?.status === 'completed') return run
    newest ??= run
  }
  return newest
}
