import {
  changesSince,
  forecast,
  makePlan,
  reasonsOf,
  select,
  type Base,
  type ClosureSet,
  type Layout,
  type NodeForecast,
  type Pipeline,
  type Plan,
  type Previous,
  type Reason,
  type Settings,
} from '@cairn/kernel/runtime'
import type { LoadedPipeline } from './project.ts'
import { findRun, newRunName, outputsOf, previousRun, readRun, recentRuns } from './runs.ts'
import type { Workspace } from './workspace.ts'

export interface RunRequest {
  readonly settings?: Settings
  readonly from?: readonly string[]
  readonly until?: readonly string[]
  readonly force?: readonly string[]
  /** A run or ref whose outputs stand in for what is not run, and that reasons compare with. */
  readonly base?: string
}

export interface PlannedRun {
  readonly plan: Plan
  readonly closures: ClosureSet
  readonly nodes: ReadonlyMap<string, NodeForecast>
  /** Of stand-ins that today's code, parameters and sources would not give: why. */
  readonly stale: ReadonlyMap<string, readonly Reason[]>
  /** Why a step is not reused, by comparison with the run in `comparedWith`. Found when asked for. */
  reasons(node: string): Promise<Reason[]>
  readonly comparedWith: string | undefined
}

/** Plans a run of a pipeline as it stands, and foretells what of it is reused. */
export async function planRun(
  workspace: Workspace,
  loaded: LoadedPipeline,
  request: RunRequest = {},
): Promise<PlannedRun> {
  const { store, clock, project } = workspace
  const { pipeline } = loaded
  const at = workspace.at(pipeline.name)
  const closures = await workspace.closures(loaded)
  const planner = workspace.planner(closures)
  const { settings = {}, from = [], until = [], force = [] } = request
  const run = newRunName(clock.now())

  const base = await baseOf(workspace, pipeline, at, request)
  const plan = await makePlan(planner, pipeline, {
    run,
    env: project.env,
    settings,
    from,
    until,
    force,
    ...(base && { base }),
  })
  const nodes = new Map((await forecast(store, clock, plan)).map((node) => [node.node, node]))

  const compared = base ? await readRun(store, at, base.run) : undefined
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
    get comparedWith() {
      return compared?.plan.run
    },
  }

  /** Plans the whole pipeline beside it, to see what of the stand-ins would be computed anew. */
  async function staleStandIns(): Promise<Map<string, Reason[]>> {
    const stale = new Map<string, Reason[]>()
    const given = Object.keys(plan.nodes).filter((id) => plan.nodes[id]!.type === 'given')
    if (given.length === 0) return stale
    const whole = await makePlan(planner, pipeline, { run, env: project.env, settings })
    const foretold = new Map((await forecast(store, clock, whole)).map((node) => [node.node, node]))
    for (const id of given) {
      const [now, then] = [foretold.get(id)!.outputs, plan.nodes[id]!]
      const same =
        now &&
        then.type === 'given' &&
        Object.entries(then.outputs).every(([name, ref]) => now[name]?.digest === ref.digest)
      if (!same) stale.set(id, await changesSince(whole, foretold, id, await previously()))
    }
    return stale
  }
}

/** The run that is named, or else, for a part of the pipeline, the newest that has all that must stand in. */
async function baseOf(
  { store }: Workspace,
  { graph }: Pipeline,
  at: Layout,
  { base, from = [], until = [] }: RunRequest,
): Promise<Base | undefined> {
  const open = async (name: string): Promise<Base> => {
    const { plan } = await readRun(store, at, name)
    return { run: name, outputs: (node) => outputsOf(store, at, plan, node) }
  }
  if (base !== undefined) return open(await findRun(store, at, base))
  if (from.length === 0) return undefined
  const { given } = select(graph, from, until)
  let newest: Base | undefined
  for await (const { plan } of recentRuns(store, at)) {
    const candidate = await open(plan.run)
    const found = await Promise.all([...given].map((node) => candidate.outputs(node)))
    if (found.every((outputs) => outputs !== undefined)) return candidate
    newest ??= candidate
  }
  return newest
}
