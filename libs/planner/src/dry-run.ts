import {
  checkpointKey,
  keyBase,
  lookUp,
  parseTask,
  type Plan,
  type PlannedNode,
  type PlannedStepNode,
  type ArtifactStore,
  type Clock,
  type Checkpoint,
  type Outcome,
} from '@cairn/records'
import { joinEach, joinWhen, inputsOf, resolveRefs, RunState, type NotRun } from '@cairn/engine'
import type { ArtifactRef } from '@cairn/kernel'
import { DryRunReader } from './dry-run-reader.ts'

/** What a run will do at a node, as far as that is known before it computes anything. */
export interface NodeDryRun {
  readonly node: string
  /** Number of calls of the step body (inside an `each`, items) that have a checkpoint and are reused. */
  readonly reuse: number
  /** Number of calls without a usable checkpoint, which will be computed. */
  readonly run: number
  /** Number of calls behind an arm that is not taken. */
  readonly skip: number
  /**
   * The node reads something that is computed first, so its keys are not known. It runs unless that gives the same
   * result as before.
   */
  readonly depends: boolean
  /** Outputs of a node outside every `each`, when it is reused. */
  readonly outputs?: Readonly<Record<string, ArtifactRef>>
  /** Checkpoint of a step outside every `each`, when it is reused. */
  readonly hit?: Checkpoint
  /** Checkpoint key of a step outside every `each`, when it is known. */
  readonly key?: string
  readonly miss?: 'none' | 'expired' | 'of later' | 'object missing' | 'altered' | 'never' | 'forced' | 'unread'
}

/**
 * Evaluates a plan as the engine would, with checkpoints only. What has no checkpoint is unknown, and so is everything
 * that depends on it. It uses the engine's own state and rules, so that it predicts what the run does.
 */
export async function dryRun(store: ArtifactStore, clock: Clock, plan: Plan): Promise<NodeDryRun[]> {
  return (await dryRunTasks(store, clock, plan)).dryRuns
}

/** What a run will do for one call of a step body. */
export interface CallDryRun {
  readonly outcome: Outcome
  /** The inputs of the call, as far as they are known. */
  readonly inputs: Readonly<Record<string, ArtifactRef | NotRun>>
  readonly hit?: Checkpoint
  readonly miss?: NonNullable<NodeDryRun['miss']>
}

interface DryRun {
  readonly dryRuns: NodeDryRun[]
  readonly state: RunState
  readonly reader: DryRunReader
}

/**
 * Evaluates a plan and returns the run's final state, too.
 *
 * @param onResult called with the result of each task of a step
 */
export async function dryRunTasks(
  store: ArtifactStore,
  clock: Clock,
  plan: Plan,
  onResult?: (task: string, items: readonly CallDryRun[]) => void,
): Promise<DryRun> {
  const state = new RunState({ ...plan, nodes: mapValues(plan.nodes, withoutTolerance) })
  const reader = new DryRunReader(store, plan)
  const dryRuns = new Map(Object.keys(plan.nodes).map((node) => [node, emptyNode(node)]))
  /** The `each` nodes that map over a list which is not known. */
  const unlisted = new Set<string>()
  const queue = [...state.initiallyReady]
  for (const task of queue) {
    const { node: id, batch } = parseTask(task)
    const isStep = plan.nodes[id]!.type === 'step'
    const ofStep = isStep ? await stepItems(store, clock, state, reader, id, batch, dryRuns.get(id)!) : undefined
    if (ofStep) onResult?.(task, ofStep)
    const items = ofStep ? ofStep.map(({ outcome }) => outcome) : await joinedItems(id, batch)
    const end = reader.record(task, items)
    state.end(task, end)
    const [only] = items
    if (!batch && only?.status === 'completed') dryRuns.get(id)!.outputs = only.outputs
    if (!batch && !isStep && only?.status === 'blocked') dryRuns.get(id)!.depends = true
    for (const next of state.readyAfter(task)) if (state.isReady(next)) queue.push(next)
  }
  // Nodes inside an `each` over an unknown list have no tasks for its items yet.
  for (const draft of dryRuns.values())
    if (plan.nodes[draft.node]!.scope.some((each) => unlisted.has(each))) draft.depends = true
  return { dryRuns: [...dryRuns.values()], state, reader }

  async function joinedItems(id: string, batch: string): Promise<Outcome[]> {
    const isEach = plan.nodes[id]!.type === 'each'
    const joined = await (isEach ? joinEach : joinWhen)(state, reader, id, batch)
    if (isEach && joined.some((item) => 'status' in item && item.status === 'blocked')) unlisted.add(id)
    return reader.joined(joined)
  }
}

type MutableDryRun = { -readonly [Name in keyof NodeDryRun]: NodeDryRun[Name] }

function emptyNode(node: string): MutableDryRun {
  return { node, reuse: 0, run: 0, skip: 0, depends: false }
}

/** An unknown item is not a failed one, so no `each` may leave it out. */
function withoutTolerance(node: PlannedNode): PlannedNode {
  return node.type === 'each' ? { ...node, tolerate: {} } : node
}

function mapValues<Value, Changed>(
  record: Readonly<Record<string, Value>>,
  change: (value: Value) => Changed,
): Record<string, Changed> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]))
}

async function stepItems(
  store: ArtifactStore,
  clock: Clock,
  state: RunState,
  reader: DryRunReader,
  id: string,
  batch: string,
  draft: MutableDryRun,
): Promise<CallDryRun[]> {
  const node = state.plan.nodes[id] as PlannedStepNode
  const step = state.plan.steps[node.step]!
  const { code, cache, outputs } = step
  const base =
    'inline' in code || node.unread
      ? undefined
      : reader.keyBase(id, () => keyBase({ ...node, fingerprint: code.fingerprint, outputs }))
  const refs = await resolveRefs(state, reader, node.scope, batch, Object.values(node.inputs))
  const unknown: Outcome = { status: 'blocked', because: id }
  const items: CallDryRun[] = []
  for (const [at, item] of inputsOf(state, id, batch, node.inputs, refs).entries()) {
    if (!('inputs' in item)) {
      if (item.status === 'skipped') draft.skip++
      else draft.depends = true
      const inputs = item.status === 'skipped' ? {} : mapValues(node.inputs, (ref) => refs.resolve(ref, at))
      items.push({ outcome: item, inputs })
      continue
    }
    const { inputs } = item
    const key = base === undefined ? undefined : checkpointKey(base, inputs)
    if (!batch && key !== undefined) draft.key = key
    const never = key === undefined || (cache !== undefined && 'never' in cache)
    const found =
      never || node.force
        ? {
            hit: undefined,
            reason: node.unread ? ('unread' as const) : never ? ('never' as const) : ('forced' as const),
          }
        : await lookUp(store, reader.at, node.step, key, step, clock.now())
    if (found.hit) {
      draft.reuse++
      if (!batch) draft.hit = found.hit
    } else {
      draft.run++
      draft.miss ??= found.reason
    }
    items.push(
      found.hit
        ? { outcome: { status: 'completed', how: 'reused', outputs: found.hit.outputs }, inputs, hit: found.hit }
        : { outcome: unknown, inputs, miss: found.reason },
    )
  }
  return items
}
