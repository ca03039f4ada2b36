import { openHost, openPool, type RunningRun } from '@cairn/embedded'
import { CairnError, suggest } from '@cairn/kernel'
import type { CairnEvent } from '@cairn/records'
import type { Settings } from '@cairn/planner'
import type { Edits } from './edits.ts'
import { labRun } from './lab-run.ts'
import { planEdits, type PlannedEdits } from './plan-edits.ts'
import type { Session } from './session.ts'

/** The values of each parameter path, for all combinations; or a list of settings, one for each variant. */
export type Variants = Readonly<Record<string, readonly unknown[]>> | readonly Settings[]

/** Options of a matrix: how its variants run and are sorted. */
export interface MatrixOptions {
  /** The metric to sort by, `<node>.<name>` or `<name>`. @default the first that all variants have */
  readonly by?: string
  /** Whether lower values are better. */
  readonly lowest?: boolean
  /** Maximum concurrency of steps. @default one for each core */
  readonly jobs?: number
  /** Called with every event of every variant. */
  readonly onEvent?: (event: CairnEvent) => void
  /** Cancels the running variants. The finished ones are still sorted. */
  readonly signal?: AbortSignal
}

/** The result of one variant. */
export interface Variant {
  readonly settings: Settings
  readonly run: string
  readonly metrics: Readonly<Record<string, number>>
  /** Number of tasks that were computed and reused. Each item counts. */
  readonly computed: number
  readonly reused: number
  /** Why the variant failed. The others continue. */
  readonly error: string | undefined
}
/** The results of a matrix, sorted by one metric. */
export interface Leaderboard {
  /** The metric that the variants are sorted by. */
  readonly by: string | undefined
  /** The variants, best first, failures last. */
  readonly variants: readonly Variant[]
}

export async function runMatrix(
  session: Session,
  edits: Edits,
  variants: Variants,
  { jobs, onEvent, signal, ...ranking }: MatrixOptions,
): Promise<Leaderboard> {
  const all = isList(variants) ? variants : combinations(variants)
  const planned: Planned[] = []
  for (const settings of all) planned.push({ settings, ...(await planEdits(session, edits, settings)) })
  const [first] = planned
  if (!first) throw new CairnError('BAD_PARAMETER', 'the matrix has no variants')
  const { workspace } = session
  const host = openHost(workspace, first.planned.plan, {
    live: first.steps,
    pool: openPool(workspace, jobs),
    ...(onEvent && { onEvent }),
  })
  try {
    const started = planned.map((variant) => ({ ...variant, running: host.start(variant.planned.plan) }))
    const stop = () => started.forEach(({ running }) => void running.cancel().catch(() => {}))
    if (signal?.aborted) stop()
    signal?.addEventListener('abort', stop)
    const ended = await Promise.all(started.map((variant) => variantOf(session, variant)))
    signal?.removeEventListener('abort', stop)
    return leaderboard(ended, ranking)
  } finally {
    host.close()
  }
}

interface Planned extends PlannedEdits {
  readonly settings: Settings
}

interface Started extends Planned {
  readonly running: RunningRun
}

async function variantOf(session: Session, { settings, planned, running }: Started): Promise<Variant> {
  const { plan } = planned
  try {
    const run = await labRun(session, plan, await running.ended)
    const metrics = await run.metrics()
    return {
      settings,
      run: plan.run,
      metrics,
      computed: run.counts.computed ?? 0,
      reused: run.counts.reused ?? 0,
      error: undefined,
    }
  } catch (error) {
    return { settings, run: plan.run, metrics: {}, computed: 0, reused: 0, error: (error as Error).message }
  }
}

/** Sorts variants, best first. */
function leaderboard(variants: readonly Variant[], { by, lowest = false }: MatrixOptions = {}): Leaderboard {
  const finished = variants.filter(({ error }) => error === undefined)
  const shared = Object.keys(finished[0]?.metrics ?? {}).filter((name) =>
    finished.every(({ metrics }) => name in metrics),
  )
  const metric = by === undefined ? shared[0] : shared.find((name) => name === by || name.endsWith(`.${by}`))
  if (by !== undefined && metric === undefined && finished.length > 0)
    throw new CairnError('BAD_PARAMETER', `some variants have no metric "${by}"`, { next: suggest(by, shared) })
  const rank = ({ metrics }: Variant) => (metric === undefined ? 0 : metrics[metric]!)
  const ranked = finished.toSorted((a, b) => (lowest ? rank(a) - rank(b) : rank(b) - rank(a)))
  return { by: metric, variants: [...ranked, ...variants.filter(({ error }) => error !== undefined)] }
}

function combinations(grid: Readonly<Record<string, readonly unknown[]>>): Settings[] {
  return Object.entries(grid).reduce<Settings[]>(
    (variants, [path, values]) => variants.flatMap((variant) => values.map((value) => ({ ...variant, [path]: value }))),
    [{}],
  )
}

function isList(variants: Variants): variants is readonly Settings[] {
  return Array.isArray(variants)
}
