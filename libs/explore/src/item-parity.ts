import { outputsOf } from '@cairn/workspace'
import { contentOf, type ArtifactRef } from '@cairn/kernel'
import { itemsIn } from '@cairn/engine'
import { storeArtifact, makeArtifact, readRecord, writeManifest, type EndRecord, type Plan } from '@cairn/records'
import { itemsOf } from './items.ts'
import type { Session } from './session.ts'
import { artifactOf } from './values.ts'

/** An item of an `each` whose result alone or in reverse order differs from that in the normal order. */
export interface DifferentItem {
  readonly output: string
  readonly item: number
  readonly label?: string
  readonly how: 'alone' | 'in reverse order'
  readonly before: string
  readonly after: string
}

/** Outputs that replace those of a recorded node. */
export type Given = Readonly<Record<string, Readonly<Record<string, ArtifactRef>>>>

export interface ComparedItems {
  /** How many items were compared in another order or alone. */
  readonly count: number
  readonly different: readonly DifferentItem[]
}

const NONE: ComparedItems = { count: 0, different: [] }

/** Items that are computed alone: the first, the middle and the last one, each in its own process. */
const MOST_ALONE = 3

/**
 * Computes the items of an `each` in reverse order, then some of them alone, and compares each result with that in
 * `whole`, a run in the normal order. Failed items are skipped. Nothing is compared for other nodes, or if a branch
 * leaves items without a result.
 */
export async function compareItems(
  session: Session,
  node: string,
  whole: Plan,
  compute: (given: Given) => Promise<Plan>,
): Promise<ComparedItems> {
  const each = session.base.nodes[node]
  if (each?.type !== 'each' || 'item' in each.over) return NONE
  const { node: maker, output } = each.over
  const list = await artifactOf(session, session.base, each.over)
  const all = await itemsOf(session, list)
  const completed = await completedItems(session, whole, node, all.length)
  const expected = await itemsGiven(session, whole, node)
  const given = Object.values(expected)
  if (given.length === 0 || given.some(({ length }) => length !== completed.length)) return NONE
  const others = await outputsOf(
    session.workspace.store,
    session.workspace.at(session.base.pipeline),
    session.base,
    maker,
  )

  const compare = async (indices: readonly number[], how: DifferentItem['how']): Promise<DifferentItem[]> => {
    const part = await keepList(
      session,
      indices.map((index) => all[completed[index]!]!),
    )
    const found = await itemsGiven(session, await compute({ [maker]: { ...others, [output]: part } }), node)
    return Object.entries(expected).flatMap(([name, items]) =>
      indices.flatMap((index, at): DifferentItem[] => {
        const [before, after] = [digest(items[index]), digest(found[name]?.[at])]
        const item = completed[index]!
        const { label } = all[item]!
        return before === after
          ? []
          : [{ output: name, item, how, before, after, ...(label !== undefined && { label }) }]
      }),
    )
  }

  if (completed.length < 2) return NONE
  const different = await compare([...completed.keys()].toReversed(), 'in reverse order')
  for (const index of spread(completed.length))
    if (!different.some(({ item }) => item === completed[index])) different.push(...(await compare([index], 'alone')))
  return { count: completed.length, different: different.sort((a, b) => a.item - b.item) }
}

/** Returns the indices of the items without failures. */
async function completedItems({ workspace }: Session, plan: Plan, node: string, length: number): Promise<number[]> {
  const { store } = workspace
  const at = workspace.at(plan.pipeline)
  const failed = new Set<number>()
  for (const inside of Object.keys(plan.nodes).filter((id) => plan.nodes[id]!.scope.at(-1) === node)) {
    const ends = new Map<string, EndRecord | undefined>()
    for (const { task, index, indices } of await itemsIn(store, at, plan, inside)) {
      if (!ends.has(task)) ends.set(task, await readRecord<EndRecord>(store, at.end(plan.run, task)))
      const status = ends.get(task)?.items[index]?.status
      if (status !== 'completed' && status !== 'skipped') failed.add(indices[0]!)
    }
  }
  return Array.from({ length }, (_, index) => index).filter((index) => !failed.has(index))
}

async function itemsGiven(session: Session, plan: Plan, node: string): Promise<Record<string, readonly ArtifactRef[]>> {
  const { workspace } = session
  const outputs = (await outputsOf(workspace.store, workspace.at(plan.pipeline), plan, node)) ?? {}
  const items: Record<string, readonly ArtifactRef[]> = {}
  for (const [name, ref] of Object.entries(outputs)) items[name] = await itemsOf(session, ref)
  return items
}

async function keepList({ workspace, base }: Session, items: readonly ArtifactRef[]): Promise<ArtifactRef> {
  const { ref, content } = makeArtifact({ bytes: writeManifest(items), summary: { items: items.length } })
  const made = { ref: { ...ref, items: items.length }, ...(content && { content }) }
  return storeArtifact(workspace.store, workspace.at(base.pipeline), made)
}

function spread(length: number): number[] {
  const most = Math.min(length, MOST_ALONE)
  return [...new Set(Array.from({ length: most }, (_, at) => Math.round((at * (length - 1)) / Math.max(most - 1, 1))))]
}

function digest(ref: ArtifactRef | undefined): string {
  return ref ? contentOf(ref) : 'none'
}
