import { checkpointKey, keyBase } from '../run/key.ts'
import { lookUp } from '../run/checkpoint.ts'
import { parseTask } from '../run/events.ts'
import { joinEach, joinWhen } from '../run/join.ts'
import { lanesOf, surroundings } from '../run/lanes.ts'
import type { ArtifactRef } from '../define/kind.ts'
import { DryReader } from './dry-reader.ts'
import type { Plan, PlannedNode, PlannedStepNode } from '../run/plan-record.ts'
import type { ArtifactStore, Clock } from '../run/ports.ts'
import type { Checkpoint, Outcome } from '../run/records.ts'
import { RunState } from '../run/run-state.ts'

/** What a run will do at a node, as far as it can be told before anything is computed. */
export interface NodeForecast {
  readonly node: string
  /** Calls of the body (items, inside an `each`) that have a checkpoint, … */
  readonly reuse: number
  /** … that have none, so will be computed, … */
  readonly run: number
  /** … that lie behind an arm which is not taken. */
  readonly skip: number
  /** It reads what is computed first, so its keys are not known yet: it runs unless that turns out as before. */
  readonly depends: boolean
  /** Of a plain node that is reused: what it gives. */
  readonly outputs?: Readonly<Record<string, ArtifactRef>>
  /** Of a plain step that is reused: its checkpoint. */
  readonly hit?: Checkpoint
  /** Of a plain step whose key is known. */
  readonly key?: string
  readonly miss?: 'none' | 'expired' | 'object missing' | 'never' | 'forced' | 'unread'
}

/**
 * Goes through a plan as the engine would, with checkpoints only: what has none is unknown, and so is what depends on
 * it. It is the run's own fold over the run's own rules, so that what is forecast is what will be done.
 */
export async function forecast(store: ArtifactStore, clock: Clock, plan: Plan): Promise<NodeForecast[]> {
  const state = new RunState({ ...plan, nodes: mapValues(plan.nodes, intolerant) })
  const reader = new DryReader(store, plan)
  const forecasts = new Map(Object.keys(plan.nodes).map((node) => [node, emptyForecast(node)]))
  const queue = [...state.first]
  for (const task of queue) {
    const { node: id, batch } = parseTask(task)
    const isStep = plan.nodes[id]!.type === 'step'
    const lanes = isStep
      ? await stepLanes(store, clock, state, reader, id, batch, forecasts.get(id)!)
      : reader.joined(await (plan.nodes[id]!.type === 'each' ? joinEach : joinWhen)(state, reader, id, batch))
    const end = reader.record(task, lanes)
    state.end(task, end)
    const [only] = lanes
    if (!batch && only?.status === 'completed') forecasts.get(id)!.outputs = only.outputs
    if (!batch && !isStep && only?.status === 'blocked') forecasts.get(id)!.depends = true
    for (const next of state.after(task)) if (state.ready(next)) queue.push(next)
  }
  // What is inside an `each` whose list is still to be made has no tasks yet.
  for (const draft of forecasts.values())
    if (
      draft.reuse + draft.run + draft.skip === 0 &&
      plan.nodes[draft.node]!.scope.some((each) => forecasts.get(each)!.depends)
    )
      draft.depends = true
  return [...forecasts.values()]
}

type Draft = { -readonly [Name in keyof NodeForecast]: NodeForecast[Name] }

function emptyForecast(node: string): Draft {
  return { node, reuse: 0, run: 0, skip: 0, depends: false }
}

/** An item that is not known yet is no failed one: nothing may be left out of an `each` on its account. */
function intolerant(node: PlannedNode): PlannedNode {
  return node.type === 'each' ? { ...node, tolerate: {} } : node
}

function mapValues<Value>(
  record: Readonly<Record<string, Value>>,
  change: (value: Value) => Value,
): Record<string, Value> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]))
}

async function stepLanes(
  store: ArtifactStore,
  clock: Clock,
  state: RunState,
  reader: DryReader,
  id: string,
  batch: string,
  draft: Draft,
): Promise<Outcome[]> {
  const node = state.plan.nodes[id] as PlannedStepNode
  const step = state.plan.steps[node.step]!
  const { code, cache, outputs } = step
  const base =
    'inline' in code || node.unread
      ? undefined
      : reader.keyBase(id, () => keyBase({ ...node, fingerprint: code.fingerprint, outputs }))
  const around = await surroundings(state, reader, node.scope, batch, Object.values(node.inputs))
  const unknown: Outcome = { status: 'blocked', because: id }
  const lanes: Outcome[] = []
  for (const lane of lanesOf(state, id, batch, node.inputs, around)) {
    if (!('inputs' in lane)) {
      if (lane.status === 'skipped') draft.skip++
      else draft.depends = true
      lanes.push(lane)
      continue
    }
    const key = base === undefined ? undefined : checkpointKey(base, lane.inputs)
    if (!batch && key !== undefined) draft.key = key
    const never = key === undefined || (cache !== undefined && 'never' in cache)
    const found =
      never || node.force
        ? {
            hit: undefined,
            reason: node.unread ? ('unread' as const) : never ? ('never' as const) : ('forced' as const),
          }
        : await lookUp(store, reader.at, node.step, key, cache, clock.now())
    if (found.hit) {
      draft.reuse++
      if (!batch) draft.hit = found.hit
    } else {
      draft.run++
      draft.miss ??= found.reason
    }
    lanes.push(found.hit ? { status: 'completed', how: 'reused', outputs: found.hit.outputs } : unknown)
  }
  return lanes
}
