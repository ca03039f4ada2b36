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
import { isStored, neededBy, type ClosureSet, type ErrorRecord, type Layout, type Plan } from '@cairn/records'
import type { Graph } from '@cairn/kernel/contract'
import type { LoadedPipeline } from './project.ts'
import { findRun, nextRun, outputsOf, previousRun, readRun, recentRuns } from './runs.ts'
import type { Workspace } from './workspace.ts'

export interface RunRequest {
  /** The run's name, where that is settled before it is planned. */
  readonly run?: string
  readonly settings?: Settings
  readonly from?: readonly string[]
  readonly until?: readonly string[]
  readonly force?: readonly string[]
  /** A run or ref whose outputs stand in for what is not run, and that reasons compare with. */
  readonly base?: string
  /** The pipeline's graph and its steps' code, where these are to be others than those of its file. */
  readonly altered?: { readonly graph: Graph; readonly closures: ClosureSet }
  /** Whether the source versions that the base saw hold for this run, too. */
  readonly pinned?: boolean
  /** Outputs that are overridden, by node. */
  readonly overrides?: ReadonlyMap<string, NodeOverride>
  /** The playground that it is run in. */
  readonly playground?: string
}

export interface PlannedRun {
  readonly plan: Plan
  readonly closures: ClosureSet
  readonly nodes: ReadonlyMap<string, NodeDryRun>
  /** Of stand-ins that today's code, parameters and sources would not give: why. */
  readonly stale: ReadonlyMap<string, readonly Reason[]>
  /** Why a step is not reused, by comparison with the run in `comparedWith`. Found when asked for. */
  reasons(node: string): Promise<Reason[]>
  readonly comparedWith: string | undefined
  /** The run that reasons come from by comparison: that one, or else the newest. */
  previous(): Promise<Previous | undefined>
  /** Nodes of the base that were to stand in, and of which an object is gone: they are computed again. */
  readonly missing: readonly string[]
  /** The newest run so far, where that is of a later time than now: a clock was set back. */
  readonly isAhead: string | undefined
}

/** Plans a run of a pipeline as it stands, and foretells what of it is reused. */
export async function planRun(
  workspace: Workspace,
  loaded: LoadedPipeline,
  request: RunRequest = {},
): Promise<PlannedRun> {
  const { store, clock, project } = workspace
  const { graph } = request.altered ?? loaded.pipeline
  const at = workspace.at(graph.name)
  const closures = request.altered?.closures ?? (await workspace.closures(loaded))
  const planner = workspace.planner(closures)
  const { settings = {}, until = [], force = [], overrides, playground } = request
  const { run, isAhead } =
    request.run === undefined ? await nextRun(store, at, clock.now()) : { run: request.run, isAhead: undefined }

  const base = await baseOf(workspace, graph, at, request)
  const compared = base && (await readRun(store, at, base.run))
  const kept = {
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
      ...kept,
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
    stale: base ? await staleStandIns() : new Map(),
    reasons: async (node) => reasonsOf(plan, nodes, node, await previously()),
    previous: previously,
    get comparedWith() {
      return compared?.plan.run
    },
    missing,
    isAhead,
  }

  /** Plans the whole pipeline beside it, to see what of the stand-ins would be computed anew. */
  async function staleStandIns(): Promise<Map<string, Reason[]>> {
    const stale = new Map<string, Reason[]>()
    const given = Object.keys(plan.nodes).filter((id) => plan.nodes[id]!.type === 'given' && !overrides?.has(id))
    if (given.length === 0) return stale
    const whole = await makePlan(planner, { graph }, { ...kept, run, env: project.env })
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
 * A source that cannot be read fails, and the rest is run.
 *
 * @throws CairnError SOURCE_UNREACHABLE, say, when there is no rest: every step reads what cannot be read
 */
function refuseUnread({ nodes }: Plan): void {
  const failing = new Set<string>()
  let first: ErrorRecord | undefined
  // Nodes come after what they read.
  for (const [id, node] of Object.entries(nodes)) {
    const unread = node.type === 'step' ? node.unread : undefined
    first ??= unread
    if (unread || [...neededBy(nodes, id), ...node.scope].some((read) => failing.has(read))) failing.add(id)
  }
  if (!first || Object.entries(nodes).some(([id, { type }]) => type === 'step' && !failing.has(id))) return
  const { code, message, next } = first
  throw new CairnError(code, message, next === undefined ? {} : { next })
}

/** The run that is named, or else, for a part of the pipeline, the newest that has all that must stand in. */
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
  const given = standIns(graph, { from, until, overrides })
  let newest: Base | undefined
  for await (const { plan } of recentRuns(store, at)) {
    const candidate = await open(plan.run)
    const found = await Promise.all(given.map((node) => candidate.outputs(node)))
    if (found.every((outputs) => outputs !== undefined)) return candidate
    newest ??= candidate
  }
  return newest
}

/** Where to start so that all that stands in is really there; further up, if need be, where an object is gone. */
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
    for (const id of standIns(graph, { from, until, overrides })) {
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

/** Nodes whose outputs the base must give. */
function standIns(graph: Graph, { from, until, overrides = new Map() }: Part): string[] {
  return [...select(graph, from, until, new Set(overrides.keys())).given].filter((id) => !overrides.has(id))
}
