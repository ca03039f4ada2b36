import { artifactBytes, readRecord, taskName, type EndRecord, type Plan, type PlannedEach } from '@cairn/records'
import { CairnError, suggest, type ArtifactRef } from '@cairn/kernel'
import { parseManifest, type Ref, type StepNode } from '@cairn/kernel/contract'
import { findItem } from '@cairn/workspace'
import type { Session } from './session.ts'
import { artifactOf, openIn } from './values.ts'

/** An item of a list: its index from 0, its label, or its name in a path: `3`, `#3`, `ATL`. */
export type Item = number | string | { readonly named: string }

/** Returns the items of a list in a run. */
export async function itemsOf(session: Session, list: ArtifactRef): Promise<readonly ArtifactRef[]> {
  return parseManifest(await artifactBytes(list, (ref) => openIn(session, ref).path()))
}

/** @throws CairnError NOT_FOUND that suggests the nearest label */
export function indexOf(all: readonly ArtifactRef[], wanted: Item, node: string): number {
  if (typeof wanted === 'object') {
    const items = all.map(({ label }, index) => ({ indices: [index], labels: [label], task: '', index: 0 }))
    return findItem(items, [], [wanted.named], node).item!.indices[0]!
  }
  const index = typeof wanted === 'number' ? wanted : all.findIndex(({ label }) => label === wanted)
  const last = typeof wanted === 'number' ? wanted : all.findLastIndex(({ label }) => label === wanted)
  if (index !== last)
    throw new CairnError('BAD_PARAMETER', `${node} has several items with the label ${JSON.stringify(wanted)}`, {
      next: `choose one by its index: ${all
        .flatMap(({ label }, at) => (label === wanted ? [at] : []))
        .slice(0, 8)
        .join(', ')}`,
    })
  if (all[index]) return index
  const labels = all.flatMap(({ label }) => label ?? [])
  throw new CairnError('NOT_FOUND', `${node} has no item ${JSON.stringify(wanted)}`, {
    next:
      typeof wanted === 'string' && labels.length > 0
        ? suggest(wanted, labels)
        : `it has ${all.length} items; indices start at 0`,
  })
}

/** Returns an output of a step inside an `each` for one item, in the explored run. */
export async function outputFor(session: Session, node: StepNode, output: string, item: Item): Promise<ArtifactRef> {
  const { base, workspace } = session
  const { each, index } = await placeOf(session, node, item)
  const batch = Math.floor(index / each.batch)
  const task = taskName({ node: node.id, batch: String(batch) })
  const end = await readRecord<EndRecord>(workspace.store, workspace.at(base.pipeline).end(base.run, task))
  const outcome = end?.items[index % each.batch]
  if (outcome?.status === 'completed' && outcome.outputs[output]) return outcome.outputs[output]
  throw new CairnError(
    'NOT_FOUND',
    `item ${typeof item === 'object' ? item.named : item} of ${node.id} has no output ${output}: its status is ${outcome?.status ?? '"in progress"'}`,
    {
      next: `cairn show ${base.pipeline}/${base.run}/${task}`,
    },
  )
}

/** Returns an input of a step inside an `each` for one item. */
export async function inputFor(session: Session, node: StepNode, ref: Ref, item: Item): Promise<ArtifactRef> {
  if ('item' in ref) {
    const { items, index } = await placeOf(session, node, item)
    return items[index]!
  }
  const maker = session.graph.nodes.get(ref.node)
  return maker?.type === 'step' && maker.scope.length > 0
    ? outputFor(session, maker, ref.output, item)
    : artifactOf(session, session.base, ref)
}

async function placeOf(session: Session, { id, scope }: StepNode, item: Item) {
  const around = scope.at(-1)
  if (around === undefined)
    throw new CairnError('BAD_PARAMETER', `${id} is not inside an each, so it has no items`, {
      next: 'remove the item',
    })
  const each = plannedEach(session.base, around)
  if (scope.length > 1 || 'item' in each.over)
    throw new CairnError(
      'BAD_PARAMETER',
      `${id} is inside several each nodes, so one index does not identify an item`,
      {
        next: `cairn show ${session.base.pipeline}/${session.base.run}`,
      },
    )
  const items = await itemsOf(session, await artifactOf(session, session.base, each.over))
  return { each, items, index: indexOf(items, item, each.over.node) }
}

function plannedEach({ nodes, run }: Plan, id: string): PlannedEach {
  const each = nodes[id]
  if (each?.type === 'each') return each
  throw new CairnError('NOT_FOUND', `${id} was not run in ${run}`)
}
