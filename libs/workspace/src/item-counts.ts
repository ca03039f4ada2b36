import {
  mapConcurrently,
  parseTask,
  readRecord,
  type ArtifactStore,
  type EndRecord,
  type Layout,
  type Outcome,
  type Plan,
} from '@cairn/records'
import { number } from './number-text.ts'

/** The ways in which an item can end. */
const STATES = [
  'computed',
  'reused',
  'joined',
  'caught',
  'failed',
  'timed-out',
  'cancelled',
  'skipped',
  'blocked',
] as const
/** How an item ended: for a completed item, where its result came from; otherwise its status. */
export type ItemState = (typeof STATES)[number]
/** Number of items of a step inside an `each`, by how they ended, over all batches that have ended. */
export type ItemCounts = Readonly<Record<ItemState, number>>

/** Returns how an item ended. */
export function stateOf(outcome: Outcome): ItemState {
  return outcome.status === 'completed' ? outcome.how : outcome.status
}

/** Counts the items of each step inside an `each`. */
export async function itemCounts(
  store: Pick<ArtifactStore, 'children' | 'read'>,
  at: Layout,
  plan: Plan,
): Promise<Map<string, ItemCounts>> {
  const counts = new Map<string, Record<ItemState, number>>()
  for (const [id, { type, scope }] of Object.entries(plan.nodes))
    if (type === 'step' && scope.length > 0) counts.set(id, noItems())
  if (counts.size === 0) return counts
  const tasks = (await store.children(at.ends(plan.run))).map((file) => at.taskOf(file))
  const inside = tasks.filter((task) => counts.has(parseTask(task).node))
  await mapConcurrently(inside, async (task) => {
    const end = await readRecord<EndRecord>(store, at.end(plan.run, task))
    for (const outcome of end?.items ?? []) counts.get(parseTask(task).node)![stateOf(outcome)]++
  })
  return counts
}

function noItems(): Record<ItemState, number> {
  return Object.fromEntries(STATES.map((state) => [state, 0])) as Record<ItemState, number>
}

/** Formats counts: `2 computed, 1 reused`. */
export function countsText(counts: ItemCounts): string {
  const found = STATES.filter((state) => counts[state] > 0).map((state) => `${number(counts[state])} ${state}`)
  return found.length > 0 ? found.join(', ') : 'no items'
}
