import { taskName, type Plan, type PlannedEach } from '@cairn/records'
import { batchAt, indexAt } from './batch.ts'

/** The items of the `each` nodes of a run that are open, and which items are in which batch. */
export class EachBatches {
  readonly #plan: Plan
  /** By the task of the `each`: the number of items for every outer item. */
  readonly #counts = new Map<string, readonly number[]>()

  constructor(plan: Plan) {
    this.#plan = plan
  }

  open(task: string, counts: readonly number[]): void {
    this.#counts.set(task, counts)
  }

  /** Returns the numbers of items of an open `each`, for every item of the batch around it. */
  itemsOf(each: string, outerBatch: string): readonly number[] {
    return this.#counts.get(taskName({ node: each, batch: outerBatch })) ?? []
  }

  /** Returns the number of batches of an open `each`; 0 before it is open. */
  batches(each: string, outerBatch: string): number {
    const items = this.itemsOf(each, outerBatch).reduce((sum, count) => sum + count, 0)
    return Math.ceil(items / this.#batchSize(each))
  }

  /**
   * Returns, for every item of a batch, its outer item at each depth: `lineage[depth][index]`. Depth 0 is the single
   * call outside every `each`. The last depth is the items themselves.
   */
  lineage(scope: readonly string[], batch: string): number[][] {
    let lineage = [[0]]
    scope.forEach((each, depth) => {
      const { parents } = this.slice(each, batchAt(batch, depth), indexAt(batch, depth))
      lineage = [...lineage.map((items) => parents.map((parent) => items[parent]!)), parents.map((_, index) => index)]
    })
    return lineage
  }

  /** Returns a batch's offset in all items of its `each`, and the outer item of each of its items. */
  slice(each: string, outerBatch: string, index: number): { from: number; parents: number[] } {
    const counts = this.itemsOf(each, outerBatch)
    const size = this.#batchSize(each)
    const from = index * size
    const parents: number[] = []
    let seen = 0
    for (let parent = 0; parent < counts.length && parents.length < size; parent++) {
      const until = Math.min(seen + counts[parent]!, from + size)
      for (let item = Math.max(seen, from); item < until; item++) parents.push(parent)
      seen += counts[parent]!
    }
    return { from, parents }
  }

  /** Returns the indices of every item of a batch: in the list that is mapped over, after those of its outer items. */
  indicesIn(scope: readonly string[], batch: string): number[][] {
    const lineage = this.lineage(scope, batch)
    const places = scope.map((each, depth) => {
      const outerBatch = batchAt(batch, depth)
      const { from, parents } = this.slice(each, outerBatch, indexAt(batch, depth))
      const starts: number[] = []
      let sum = 0
      for (const count of this.itemsOf(each, outerBatch)) {
        starts.push(sum)
        sum += count
      }
      return parents.map((parent, at) => from + at - starts[parent]!)
    })
    return lineage.at(-1)!.map((_, index) => places.map((of, depth) => of[lineage[depth + 1]![index]!]!))
  }

  #batchSize(each: string): number {
    return (this.#plan.nodes[each] as PlannedEach).batch
  }
}
