import {
  mapConcurrently,
  fetchObject,
  objectNotFound,
  openManifest,
  artifactBytes,
  parseTask,
  taskName,
  readRecord,
  type Items,
  type Layout,
  type Plan,
  type PlannedEach,
  type PlannedStepNode,
  type ArtifactStore,
  type EndRecord,
} from '@cairn/records'
import { CairnError, type ArtifactRef } from '@cairn/kernel'
import { undefinedOn } from '@cairn/kernel/contract'
import { inputsOf, itemsOf, resolveRefs, type RunReader } from './item-inputs.ts'
import { Lru } from './lru.ts'
import { RunState } from './run-state.ts'

/** An item of a step inside an `each`, and where its outcome is recorded. */
export interface Item {
  /** Its index in the list that is mapped over, from 0, after the indices of the items around it. */
  readonly indices: readonly number[]
  /** The label of the item in each list, which the maker of the list sets. */
  readonly labels: readonly (string | undefined)[]
  readonly task: string
  /** Index of its outcome in the task's record. */
  readonly index: number
}

/** Lists the items of a step inside an `each`, in order, as far as the lists that are mapped over are known. */
export async function itemsIn(
  store: Pick<ArtifactStore, 'read' | 'children' | 'fetch'>,
  at: Layout,
  plan: Plan,
  node: string,
): Promise<Item[]> {
  const depth = plan.nodes[node]!.scope.length
  const reader = new RecordReader(store, at, plan.run)
  const state = new RunState(plan)
  const ended = (await store.children(at.ends(plan.run))).map((file) => at.taskOf(file))
  const outer = ended.filter((task) => (plan.nodes[parseTask(task).node]?.scope.length ?? depth) < depth)
  await mapConcurrently(outer, async (task) => state.end(task, await reader.end(task)))
  return itemsOfNode(state, reader, node)
}

/** An item of a run, with the inputs that the step was called with. */
export interface RecordedItem extends Item {
  /** Undefined when the tasks that provide them have not ended or have no result. */
  readonly inputs: Readonly<Record<string, ArtifactRef>> | undefined
}

/** Finds an item of a run, with its inputs; undefined when there is none. */
export async function recordedItem(
  store: Pick<ArtifactStore, 'read' | 'children' | 'fetch'>,
  at: Layout,
  plan: Plan,
  node: string,
  isWanted: (item: Item) => boolean,
): Promise<RecordedItem | undefined> {
  const reader = new RecordReader(store, at, plan.run)
  const state = new RunState(plan)
  const ended = (await store.children(at.ends(plan.run))).map((file) => at.taskOf(file))
  await mapConcurrently(ended, async (task) => state.end(task, await reader.end(task)))
  const item = (await itemsOfNode(state, reader, node)).find(isWanted)
  if (!item) return undefined
  if (![...state.endsBefore(item.task)].every((task) => state.hasEnded(task))) return { ...item, inputs: undefined }
  const { inputs, scope } = plan.nodes[node] as PlannedStepNode
  const { batch } = parseTask(item.task)
  const refs = await resolveRefs(state, reader, scope, batch, Object.values(inputs))
  const found = inputsOf(state, node, batch, inputs, refs)[item.index]!
  return { ...item, inputs: 'inputs' in found ? found.inputs : undefined }
}

/** Lists the items of a step inside an `each`, from the state of the run. */
export async function itemsOfNode(state: RunState, reader: RunReader, node: string): Promise<Item[]> {
  type Known = Pick<Item, 'indices' | 'labels'>
  let batches: { readonly batch: string; readonly items: readonly Known[] }[] = [
    { batch: '', items: [{ indices: [], labels: [] }] },
  ]
  for (const each of state.plan.nodes[node]!.scope) {
    const { batch: size } = state.plan.nodes[each] as PlannedEach
    const inner: typeof batches = []
    for (const { batch, items } of batches) {
      // A list that was garbage collected still has its length in the record of its maker.
      const refs: Items =
        (await itemsOf(state, reader, each, batch).catch(undefinedOn('NOT_FOUND', 'BAD_RECORD', 'CORRUPT'))) ?? []
      const all: Known[] = []
      for (const [outer, count] of state.opened.itemsOf(each, batch).entries())
        for (let index = 0; index < count; index++) {
          const { indices, labels } = items[outer]!
          all.push({ indices: [...indices, index], labels: [...labels, refs.at(all.length)?.label] })
        }
      for (let from = 0; from < all.length; from += size) {
        const number = String(from / size)
        inner.push({ batch: batch === '' ? number : `${batch}.${number}`, items: all.slice(from, from + size) })
      }
    }
    batches = inner
  }
  return batches.flatMap(({ batch, items }) =>
    items.map((item, index) => ({ ...item, task: taskName({ node, batch }), index })),
  )
}

/** Reads a run's records from the store. */
class RecordReader implements RunReader {
  readonly allItems = new Lru<Items>(8)
  readonly #ends = new Map<string, Promise<EndRecord>>()
  readonly #store: Pick<ArtifactStore, 'read' | 'fetch'>
  readonly #at: Layout
  readonly #run: string

  constructor(store: Pick<ArtifactStore, 'read' | 'fetch'>, at: Layout, run: string) {
    this.#store = store
    this.#at = at
    this.#run = run
  }

  end(task: string): Promise<EndRecord> {
    let end = this.#ends.get(task)
    if (!end) this.#ends.set(task, (end = this.#read(task)))
    return end
  }

  async items(list: ArtifactRef): Promise<Items> {
    const fetch = async ({ digest }: ArtifactRef) => {
      const path = await fetchObject(this.#store, this.#at, digest)
      if (path !== undefined) return path
      throw objectNotFound(digest)
    }
    return openManifest(await artifactBytes(list, fetch))
  }

  async #read(task: string): Promise<EndRecord> {
    const path = this.#at.end(this.#run, task)
    const end = await readRecord<EndRecord>(this.#store, path)
    if (end) return end
    throw new CairnError('NOT_FOUND', `${path} is not in the store`, { next: 'cairn doctor' })
  }
}
