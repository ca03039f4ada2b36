import {
  mapConcurrently,
  artifactBytes,
  parseTask,
  readRecord,
  taskName,
  type EndRecord,
  type Plan,
} from '@cairn/records'
import { CairnError, type ArtifactRef } from '@cairn/kernel'
import { itemsIn, type Item } from '@cairn/engine'
import { parseManifest } from '@cairn/kernel/contract'
import { findItem, ItemNames, type Workspace } from '@cairn/workspace'
import { objectFile } from './object-file.ts'

/** A list artifact of a run. */
export interface FoundList {
  readonly plan: Plan
  readonly node: string
  readonly output: string
  /** The item, if the node is inside an `each`. */
  readonly item?: Item | undefined
  readonly ref: ArtifactRef
}
export interface ListItem extends Item {
  readonly ref: ArtifactRef
}

/** The items of a list by number and label. Results of an `each` keep the numbers of its items, even if some failed. */
export async function listItems(workspace: Workspace, list: FoundList): Promise<ListItem[]> {
  const refs = parseManifest(await artifactBytes(list.ref, (ref) => objectFile(workspace, list.plan, ref)))
  const numbers = list.plan.nodes[list.node]?.type === 'each' ? await numbersOf(workspace, list) : []
  const isKnown = numbers.length === refs.length
  const numberOf = (index: number) => (isKnown ? numbers[index]! : index)
  return refs.map((ref, index) => ({ indices: [numberOf(index)], labels: [ref.label], task: '', index: 0, ref }))
}

/** Numbers of the items of an `each` that completed, in order. */
async function numbersOf(workspace: Workspace, { plan, node, output, item: around }: FoundList): Promise<number[]> {
  const { store } = workspace
  const at = workspace.at(plan.pipeline)
  const body = Object.keys(plan.nodes).filter((id) => plan.nodes[id]!.scope.at(-1) === node)
  const each = plan.nodes[node]
  const collected = each?.type === 'each' ? each.collects[output] : undefined
  const needed = collected && 'node' in collected && body.includes(collected.node) ? collected.node : undefined
  const depth = around?.indices.length ?? 0
  const items = (await itemsIn(store, at, plan, body[0]!)).filter(({ indices }) =>
    indices.slice(0, depth).every((index, place) => index === around!.indices[place]),
  )
  const ends = new Map<string, EndRecord | undefined>()
  const taskOf = (id: string, { task }: Item) => taskName({ ...parseTask(task), node: id })
  const tasks = [...new Set(items.flatMap((item) => body.map((id) => taskOf(id, item))))]
  await mapConcurrently(tasks, async (task) =>
    ends.set(task, await readRecord<EndRecord>(store, at.end(plan.run, task))),
  )
  const hasGiven = (item: Item) =>
    body.every((id) => {
      const status = ends.get(taskOf(id, item))?.items[item.index]?.status
      return status === 'completed' || (status === 'skipped' && id !== needed)
    })
  return items.filter(hasGiven).map(({ indices }) => indices.at(-1)!)
}

/**
 * The item that path segments after a list name. For a list of lists there may be more segments.
 *
 * @returns its name for a path, and its artifact
 * @throws CairnError NOT_FOUND if there is no such item
 */
export async function listItem(
  workspace: Workspace,
  list: FoundList,
  words: readonly string[],
  path: string,
): Promise<{ readonly path: string; readonly ref: ArtifactRef; readonly depth: number }> {
  if (list.ref.items === undefined)
    throw new CairnError('NOT_FOUND', `${path} is not a list, so it has no item "${words.join('/')}"`, {
      next: `cairn cat ${path}`,
    })
  const items = await listItems(workspace, list)
  const names = new ItemNames(items)
  const isName = (text: string) => items.some((item) => names.allOf(item).has(text))
  let end = words.length
  while (end > 1 && !isName(words.slice(0, end).join('/'))) end-- // a label may contain slashes: take the longest match
  const { item, itemName } = findItem(items, [], words.slice(0, end), path)
  const found = { path: `${path}/${itemName}`, ref: (item as ListItem).ref, depth: 1 }
  if (end === words.length) return found
  // In nested lists the numbers are positions: failed items are only known for the outer list.
  const inner = await listItem(workspace, { ...list, node: '', ref: found.ref }, words.slice(end), found.path)
  return { ...inner, depth: 1 + inner.depth }
}
