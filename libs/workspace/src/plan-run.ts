import { CairnError } from '@cairn/kernel'
import {
  changesSince,
  dryRun,
  makePlan,
  reasonsOf,
  select,
  type Base,
  type NodeOverride,
  type NodeDryRun,
  type Previous,
  type Reason,
  type Settings,
} from '@cairn/planner'
import { isStored, dependenciesOf, type ClosureSet, type ErrorRecord, type Layout, type Plan } from '@cairn/records'
import type { Graph } from '@cairn/kernel/contract'
import type { LoadedPipeline } from './project.ts'
import { findRun, nextRun, outputsOf, previousRun, readRun, recentRuns } from './runs.ts'
import type { Workspace } from './workspace.ts'

/** What to plan. Without any options, a run of the whole pipeline with its default parameters. */
export interface RunRequest {
  /** Name of the run, if it is fixed before planning. */
  readonly run?: string
  /** Parameters set by hand. */
  readonly settings?: Settings
  /**
   * Steps to start from. Outputs of earlier steps are taken from the base.
   *
   * @default the beginning
   */
  readonly from?: readonly string[]
  /**
   * Steps to stop after.
   *
   * @default the end
   */
  readonly until?: readonly string[]
  /** Steps to compute even if they have a checkpoint. */
  readonly force?: readonly string[]
  /** A run or ref that provides the outputs of what is not run, and that reasons compare with. */
  readonly base?: string
  /** The graph and the steps' code to use instead of those in the pipeline's file. */
  readonly edited?: { readonly graph: Graph; readonly closures: ClosureSet }
  /** Whether this run uses the source versions of the base. */
  readonly pinned?: boolean
  /** Overridden outputs, by node. */
  readonly overrides?: ReadonlyMap<string, NodeOverride>
  /** The playground to run in. */
  readonly playground?: string
}

/** A planned run that has not started, and what it would reuse or compute. */
export interface PlannedRun {
  /** The plan, which is not stored yet. The code that it pins is. */
  readonly plan: Plan
  readonly closures: ClosureSet
  /** The prediction for each node. */
  readonly nodes: ReadonlyMap<string, NodeDryRun>
  /**
   * By node: why its outputs, taken from the base, differ from what today's code, parameters and sources would give.
   */
  readonly stale: ReadonlyMap<string, readonly Reason[]>
  /** Explains why a step is not reused, by comparison with `previous`. Computed on request. */
  reasons(node: string): Promise<Reason[]>
  /** Returns the run to compare with: the base, or else the newest completed run, or else the newest run. */
  previous(): Promise<Previous | undefined>
  /** Nodes whose outputs the base should provide but of which an object is gone. They are computed again. */
  readonly missing: readonly string[]
  /** The newest run, if its name has a later time than now, because a clock was set back. */
  readonly isAhead: string | undefined
}

/** Plans a run of a pipeline in its current state, and predicts what it will reuse. */
export async function planRun(
  workspace: Workspace,
  loaded: LoadedPipeline,
  request: RunRequest = {},
): Promise<PlannedRun> {
  const { store, clock, project } = workspace
  const { graph } = request.edited ?? loaded.pipeline
  const at = workspace.at(graph.name)
  const closures = request.edited?.closures ?? (await workspace.closures(loaded))
  const planner = workspace.planner(closures)
  const { settings = {}, until = [], force = [], overrides, playground } = request
  const { run, isAhead } =
    request.run === undefined ? await nextRun(store, at, clock.now()) : { run: request.run, isAhead: undefined }

  const base = await baseOf(workspace, graph, at, request)
  const compared = base && (await readRun(store, at, base.run))
  const common = {
    settings,
    ...(overrides && { overrides }),
    ...(playground !== undefined && { playground }),
    ...(compared && request.pinned && { pinned: compared.plan }),
  }
  const { from, missing } = await startOf(workspace, graph, at, base, request)
  const plan = await makePlan(
    planner,
    { graph },
    {
      ...common,
      run,
      env: project.env,
      from,
      until,
      force,
      ...(base && { base }),
    },
  )
  refuseUnread(plan)
  const nodes = new Map((await dryRun(store, clock, plan)).map((node) => [node.node, node]))

  let previous: Promise<Previous | undefined> | undefined
  const previously = () =>
    (previous ??= (async () => {
      const earlier = compared ?? (await previousRun(store, at, run))
      return earlier && { plan: earlier.plan, outputs: (node) => outputsOf(store, at, earlier.plan, node) }
    })())

  return {
    plan,
    closures,
    nodes,
    stale: base ? await staleGiven() : new Map(),
    reasons: async (node) => reasonsOf(plan, nodes, node, await previously()),
    previous: previously,
    missing,
    isAhead,
  }

  /** Plans the whole pipeline for comparison, to find outputs of the base that would be computed differently now. */
  async function staleGiven(): Promise<Map<string, Reason[]>> {
    const stale = new Map<string, Reason[]>()
    const given = Object.keys(plan.nodes).filter((id) => plan.nodes[id]!.type === 'given' && !overrides?.has(id))
    if (given.length === 0) return stale
    const whole = await makePlan(planner, { graph }, { ...common, run, env: project.env })
    const ofWhole = new Map((await dryRun(store, clock, whole)).map((node) => [node.node, node]))
    for (const id of given) {
      const [now, then] = [ofWhole.get(id)!.outputs, plan.nodes[id]!]
      const same =
        now &&
        then.type === 'given' &&
        Object.entries(then.outputs).every(([name, ref]) => now[name]?.digest === ref.digest)
      if (!same) stale.set(id, await changesSince(whole, ofWhole, id, await previously()))
    }
    return stale
  }
}

/**
 * Refuses a plan in which every step depends on a source that cannot be read. Otherwise such a source only fails, and
 * the rest runs.
 *
 * @throws CairnError with the error of the first such source, such as SOURCE_UNREACHABLE
 */
function refuseUnread({ nodes }: Plan): void {
  const failing = new Set<string>()
  let first: ErrorRecord | undefined
  // Nodes come after what they read.
  for (const [id, node] of Object.entries(nodes)) {
    const unread = node.type === 'step' ? node.unread : undefined
    first ??= unread
    if (unread || [...dependenciesOf(nodes, id), ...node.scope].some((read) => failing.has(read))) failing.add(id)
  }
  if (!first || Object.entries(nodes).some(([id, { type }]) => type === 'step' && !failing.has(id))) return
  const { code, message, next } = first
  throw new CairnError(code, message, next === undefined ? {} : { next })
}

/**
 * Returns the named base. Without a name, for a part of the pipeline, it returns the newest of the recent runs that has
 * all outputs the part needs, or else the newest run.
 */
async function baseOf(
  { store }: Workspace,
  graph: Graph,
  at: Layout,
  { base, from = [], until = [], overrides }: RunRequest,
): Promise<Base | undefined> {
  const open = async (name: string): Promise<Base> => {
    const { plan } = await readRun(store, at, name)
    const { taints = [] } = plan
    return { run: name, taints, outputs: (node) => outputsOf(store, at, plan, node) }
  }
  if (base !== undefined) return open(await findRun(store, at, base))
  if (from.length === 0) return undefined
  const given = givenNodes(graph, { from, until, overrides })
  let newest: Base | undefined
  for await (const { plan } of recentRuns(store, at)) {
    const candidate = await open(plan.run)
    const found = await Promise.all(given.map((node) => candidate.outputs(node)))
    if (found.every((outputs) => outputs !== undefined)) return candidate
    newest ??= candidate
  }
  return newest
}

/**
 * Returns the steps to start from so that all outputs of the base are in the store. Where an object is gone, it starts
 * earlier.
 */
async function startOf(
  { store }: Workspace,
  graph: Graph,
  at: Layout,
  base: Base | undefined,
  { from: wanted = [], until = [], overrides }: RunRequest,
): Promise<{ readonly from: readonly string[]; readonly missing: readonly string[] }> {
  const missing: string[] = []
  for (;;) {
    const from = [...wanted, ...missing]
    if (!base || from.length === 0) return { from, missing }
    const gone: string[] = []
    for (const id of givenNodes(graph, { from, until, overrides })) {
      const refs = Object.values((await base.outputs(id)) ?? {})
      const stored = await Promise.all(refs.map((ref) => isStored(store, at, ref)))
      if (stored.includes(false)) gone.push(id)
    }
    if (gone.length === 0) return { from, missing }
    missing.push(...gone)
  }
}

interface Part {
  readonly from: readonly string[]
  readonly until: readonly string[]
  readonly overrides: RunRequest['overrides'] | undefined
}

/** Lists the nodes whose outputs the base must provide. */
function givenNodes(graph: Graph, { from, until, overrides = new Map() }: Part): string[] {
  return [...select(graph, from, until, new Set(overrides.keys())).given].filter((id) => !overrides.has(id))
}
