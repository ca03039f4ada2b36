import {
  errorRecord,
  layout,
  OVERRIDDEN,
  RECORD_VERSION,
  type ClosureSet,
  type Condition,
  type Given,
  type PinnedOutput,
  type Plan,
  type PlannedNode,
  type PlannedStepNode,
  type Taint,
  type ArtifactStore,
  type Clock,
} from '@cairn/records'
import {
  CairnError,
  canonical,
  contentOf,
  type ConnectorContext,
  type Pipeline,
  type ProductionOutput,
  type Step,
  type Json,
} from '@cairn/kernel'
import type { Graph, Node, WhenNode } from '@cairn/kernel/contract'
import { secretIn } from '@cairn/secrets'
import { parseAll, type ParsedParams } from './parameters.ts'
import type { Settings } from './settings.ts'
import { pinSteps } from './pin.ts'
import { nodeNamed, select } from './select.ts'

/** What to plan: the name, place and parameters of a run, and which part of the pipeline it runs. */
export interface PlanRequest {
  /** Name of the run. */
  readonly run: string
  readonly env: string
  /** Parameters set by hand. The value of any other is what the pipeline passes, or else its default. */
  readonly settings?: Settings
  /** Steps to start from. Outputs of earlier steps are taken from `base`. */
  readonly from?: readonly string[]
  /** Steps to stop after. */
  readonly until?: readonly string[]
  /** Steps to compute even if they have a checkpoint. */
  readonly force?: readonly string[]
  /**
   * The run that provides the outputs of nodes that are not run. Required when there are any that are not overridden.
   */
  readonly base?: Base
  /** A run whose source versions are used, for each source with the same code and parameters. */
  readonly pinned?: Plan
  /** Nodes that are not run, because their outputs are overridden. */
  readonly overrides?: ReadonlyMap<string, NodeOverride>
  /** The playground to run in; absent in production. */
  readonly playground?: string
}

/** Overridden outputs of a node, with what was done to them. */
export interface NodeOverride {
  readonly outputs: Given['outputs']
  readonly taints: readonly Taint[]
}

/** A run that provides the outputs of what is not run. */
export interface Base {
  readonly run: string
  /** Taints that its outputs may carry over. */
  readonly taints?: readonly Taint[]
  /** Returns a node's outputs; undefined when the node did not complete. */
  outputs(node: string): Promise<Given['outputs'] | undefined>
}

/** What planning reads from: the store, the code of the steps, and the sources. */
export interface Planner {
  /** Stores the code of the steps. */
  readonly store: ArtifactStore
  readonly clock: Clock
  readonly closures: ClosureSet
  /** The project folder. */
  readonly root: string
  /** Returns the value of a secret; undefined when it is not set. */
  readonly secrets: (name: string) => string | undefined
  /**
   * Pins an output of another pipeline's production run for `pipeline`. Required for sources that read one.
   *
   * @throws CairnError SOURCE_UNREACHABLE when there is none, or when its kind cannot be read as the declared one
   */
  readonly pinOutput?: (pipeline: string, output: ProductionOutput) => Promise<PinnedOutput>
  /** Returns the value remembered for a stamp of a source, or computes and remembers it. */
  readonly remember: ConnectorContext['remember']
  /**
   * How long reading the version of a source may take, in milliseconds.
   *
   * @default 30_000
   */
  readonly versionDeadlineMs?: number
}

/** Plans a run: fixes its parameters, code, source versions and wiring. Stores the code, but not the plan. */
export async function makePlan(
  planner: Planner,
  { graph }: Pick<Pipeline, 'graph'>,
  request: PlanRequest,
): Promise<Plan> {
  const { store, clock, closures } = planner
  const { run: name, env, base, pinned, settings = {}, from = [], until = [], force = [] } = request
  const overrides = request.overrides ?? new Map<string, NodeOverride>()
  const at = layout(env, graph.name)
  const params = await parseAll(graph, settings)
  const selected = select(graph, from, until, new Set(overrides.keys()))
  for (const forced of force) nodeNamed(graph, forced)

  const ran = [...graph.nodes].flatMap(([id, node]) =>
    node.type === 'step' && selected.run.has(id) ? [node.step] : [],
  )
  const steps = await pinSteps(store, at, closures, ran)
  const nodes: Record<string, PlannedNode> = {}
  for (const [id, node] of graph.nodes) {
    if (selected.given.has(id)) nodes[id] = givenByOverride(overrides.get(id)) ?? (await givenByBase(id, base))
    if (!selected.run.has(id)) continue
    nodes[id] = await planNode(planner, graph, node, params, {
      force: force.includes(id),
      known: pinned && pinnedReads(pinned, id, node, steps, params),
    })
  }
  const given = [...selected.given].filter((id) => nodes[id])
  const taints = [
    ...given.flatMap((id) => overrides.get(id)?.taints ?? []),
    ...(given.some((id) => !overrides.has(id)) ? (base?.taints ?? []) : []),
  ]
  return {
    v: RECORD_VERSION,
    run: name,
    env,
    pipeline: graph.name,
    createdAt: clock.now(),
    ...(base && { parent: base.run }),
    ...(request.playground !== undefined && { playground: request.playground }),
    ...(selected.run.size < graph.nodes.size && { partial: true }),
    params: params.frames.get('')!,
    ...(Object.keys(settings).length > 0 && { settings: JSON.parse(canonical(settings)) as Record<string, Json> }),
    ...(taints.length > 0 && { taints }),
    steps,
    nodes,
    outputs: Object.fromEntries(
      Object.entries(graph.outputs).filter(([, ref]) => 'node' in ref && selected.run.has(ref.node)),
    ),
  }
}

async function planNode(
  planner: Planner,
  graph: Graph,
  node: Node,
  params: ParsedParams,
  { force, known }: { readonly force: boolean; readonly known: SourceReads | undefined },
): Promise<PlannedNode> {
  const conditionOf = (condition: WhenNode['condition']): Condition =>
    'param' in condition ? { value: params.frames.get(condition.frame)![condition.param] === true } : condition
  const guards = node.guards.map(({ when, arm }) => {
    const { condition } = graph.nodes.get(when) as WhenNode
    return { when, arm, condition: conditionOf(condition) }
  })
  const { scope } = node
  if (node.type === 'each') {
    const { over, batch, tolerate, collects } = node
    return { type: 'each', scope, guards, over, batch, tolerate, collects }
  }
  if (node.type === 'when') {
    const { condition, then, otherwise } = node
    return { type: 'when', scope, guards, condition: conditionOf(condition), then, otherwise }
  }
  const { step, inputs } = node
  const own = params.nodes.get(node.id)!
  const found = known ?? (await versionsOf(planner, graph.name, step, own))
  return {
    type: 'step',
    scope,
    guards,
    step: step.name,
    inputs,
    params: own,
    ...found,
    ...(force && { force }),
  }
}

/** What a source reads: its versions, and outputs of other pipelines; or why it cannot be read. */
type SourceReads = Pick<PlannedStepNode, 'versions' | 'production' | 'unread'>

/**
 * Returns what a source read in an earlier plan, if it has the same code and parameters; otherwise undefined.
 */
function pinnedReads(
  pinned: Plan,
  id: string,
  node: Node,
  steps: Plan['steps'],
  params: ParsedParams,
): SourceReads | undefined {
  const then = pinned.nodes[id]
  if (node.type !== 'step' || then?.type !== 'step') return undefined
  const [was, is] = [pinned.steps[then.step]!.code, steps[node.step.name]!.code]
  const isSame =
    'fingerprint' in was &&
    'fingerprint' in is &&
    was.fingerprint === is.fingerprint &&
    canonical(then.params) === canonical(params.nodes.get(id)!)
  const { versions, production } = then
  return isSame && versions ? { versions, ...(production && { production }) } : undefined
}

/**
 * Reads the version of every connector of a source, with a deadline. A failure is part of the plan, because the rest
 * can still run.
 */
async function versionsOf(
  planner: Planner,
  pipeline: string,
  { name, definition }: Step,
  params: Readonly<Record<string, Json>>,
): Promise<SourceReads> {
  if (!definition.reads) return {}
  const { root, remember, secrets, versionDeadlineMs: deadline = 30_000 } = planner
  const signal = AbortSignal.timeout(deadline)
  const known = Object.fromEntries((definition.secrets ?? []).map((secret) => [secret, secrets(secret) ?? '']))
  const hasCachePolicy = definition.cache !== undefined
  const context: ConnectorContext = { root, params, secrets: known, signal, remember, hasCachePolicy, scratch: '' }
  const reads = Object.entries(definition.reads)
    .filter(([, connector]) => 'version' in connector)
    .map(
      async ([read, connector]) =>
        [
          read,
          await withDeadline(connector.version!(context), signal, deadline, `${connector.name} (source ${name})`),
        ] as [string, string | undefined],
    )
  const set = Object.fromEntries(Object.entries(known).filter(([, value]) => value !== ''))
  const outputs = Object.entries(definition.reads).flatMap(([read, { production }]) =>
    production ? [planner.pinOutput!(pipeline, production).then((pinned) => [read, pinned] as const)] : [],
  )
  let all: [string, string | undefined][]
  let production: Record<string, PinnedOutput>
  try {
    const [pinned, found] = await Promise.all([Promise.all(outputs), Promise.all(reads)])
    production = Object.fromEntries(pinned)
    all = found
    for (const [read, { artifact }] of Object.entries(production)) all.push([read, contentOf(artifact)])
  } catch (error) {
    return { unread: errorRecord(error, { secrets: set }) }
  }
  const versions = all.filter((entry): entry is [string, string] => entry[1] !== undefined)
  // Versions are stored in records, so a secret, for example in a URL, must not be in one.
  for (const [read, version] of versions) {
    const secret = secretIn(version, set)
    if (secret !== undefined)
      throw new CairnError('BAD_DEFINITION', `the version of "${read}" of ${name} contains the secret ${secret}`, {
        next: 'use a version that contains no secret, for example a digest or a date',
      })
  }
  return { versions: Object.fromEntries(versions), ...(outputs.length > 0 && { production }) }
}

/** AbortSignal.timeout is not enough, because a connector may ignore its signal. */
async function withDeadline(
  version: string | undefined | Promise<string | undefined>,
  signal: AbortSignal,
  ms: number,
  what: string,
): Promise<string | undefined> {
  const late = new Promise<never>((_, reject) => {
    const message = `the version of ${what} could not be read within ${ms / 1000} s`
    signal.addEventListener('abort', () => reject(new CairnError('SOURCE_UNREACHABLE', message)), { once: true })
  })
  return Promise.race([version, late])
}

function givenByOverride(override: NodeOverride | undefined): Given | undefined {
  return override && { type: 'given', scope: [], guards: [], from: OVERRIDDEN, outputs: override.outputs }
}

async function givenByBase(id: string, base: Base | undefined): Promise<Given> {
  if (!base)
    throw new CairnError('BAD_PARAMETER', `${id} is not selected to run, so its outputs must come from another run`, {
      next: 'choose the run: --base <run>',
    })
  const outputs = await base.outputs(id)
  if (!outputs)
    throw new CairnError('NOT_FOUND', `run ${base.run} has no outputs of ${id} to use`, {
      next: 'start from an earlier step, or choose another base run: cairn runs',
    })
  return { type: 'given', scope: [], guards: [], from: base.run, outputs }
}
