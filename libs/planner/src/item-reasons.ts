import type { Ref } from '@cairn/kernel/contract'
import { contentOf, type ArtifactRef } from '@cairn/kernel'
import { parseTask, itemName, type Plan, type PlannedStepNode, type ArtifactStore, type Clock } from '@cairn/records'
import { itemsOfNode, type Item, type RecordedItem } from '@cairn/engine'
import { dryRunTasks, type CallDryRun } from './dry-run.ts'
import { ownChanges, producerOf, ownReason, type Reason } from './reasons.ts'

/** What a run will do for one item of a step inside an `each`. */
export interface ItemDryRun extends CallDryRun {
  readonly item: Item
}

/** Evaluates every item of a step, as far as the lists that are mapped over are known. */
export async function dryRunItems(store: ArtifactStore, clock: Clock, plan: Plan, node: string): Promise<ItemDryRun[]> {
  const byTask = new Map<string, readonly CallDryRun[]>()
  const { state, reader } = await dryRunTasks(store, clock, plan, (task, found) => {
    if (parseTask(task).node === node) byTask.set(task, found)
  })
  const items = await itemsOfNode(state, reader, node)
  return items.map((item) => ({ item, ...byTask.get(item.task)![item.index]! }))
}

/** Whether items of two runs correspond: by the labels in their lists, or by the index where a list has no labels. */
export function isSameItem(one: Item, other: Item): boolean {
  const nameAt = ({ indices, labels }: Item, depth: number) => labels[depth] ?? indices[depth]
  return one.indices.every((_, depth) => nameAt(one, depth) === nameAt(other, depth))
}

/**
 * Explains why a step is computed for one item and not reused: by its own settings, and by comparison with an earlier
 * run.
 */
export function reasonsOfItem(
  plan: Plan,
  id: string,
  { item, inputs, miss, outcome }: ItemDryRun,
  previous: { readonly plan: Plan; readonly item: RecordedItem | undefined } | undefined,
): Reason[] {
  const node = plan.nodes[id] as PlannedStepNode
  const itself = ownReason(plan, node, miss)
  if (itself) return [itself]
  const before = previous?.plan.nodes[id]
  if (!previous || before?.type !== 'step') return [{ because: 'new' }]
  const found = ownChanges(plan, node, previous.plan, before)
  if (!previous.item) return [...found, { because: 'new item' }]
  for (const [input, now] of Object.entries(inputs)) {
    if ('because' in now) found.push({ because: 'input', input, from: now.because, certain: false })
    else if (isOther(now, previous.item.inputs?.[input]))
      found.push({ because: 'input', input, from: sourceOf(plan, node.inputs[input]!, item), certain: true })
  }
  if (found.length > 0) return found
  return miss === undefined && 'because' in outcome
    ? [{ because: 'branch', when: outcome.because }]
    : [{ because: 'unfinished' }]
}

function isOther(now: ArtifactRef, then: ArtifactRef | undefined): boolean {
  return then !== undefined && contentOf(now) !== contentOf(then)
}

/** Formats where an item's input comes from: `split/3`, `item 3 of load`. */
function sourceOf(plan: Plan, ref: Ref, item: Item): string {
  const maker = producerOf(plan.nodes, ref)
  if (!maker) return ''
  const depth = 'item' in ref ? plan.nodes[ref.item]!.scope.length + 1 : plan.nodes[maker.node]!.scope.length
  const name = itemName({ indices: item.indices.slice(0, depth) })
  if ('item' in ref) return `item ${name} of ${maker.node}`
  return depth === 0 ? maker.node : `${maker.node}/${name}`
}
