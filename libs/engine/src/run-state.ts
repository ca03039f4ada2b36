import {
  parseTask,
  taskName,
  type Subject,
  type Condition,
  type Plan,
  type PlannedEach,
  type EndRecord,
  type RunStatus,
  type TaskStatus,
} from '@cairn/records'
import type { Ref } from '@cairn/kernel/contract'
import type { ArtifactRef } from '@cairn/kernel'
import { wiringOf, type Wiring } from './wiring.ts'

/** What a run's state needs to know of a terminal record; its event says as much. */
export type Ending = Pick<EndRecord, 'status' | 'counts'>

/**
 * The state of a run, as a fold over the endings of its tasks, in whatever order and however often they are heard.
 *
 * A node has one task or, inside an `each`, one a batch. An `each` opens once its list is known, and only then is it
 * known how many batches there are. Opening leaves no record: it follows from the endings before it.
 * All work is linear in the number of tasks and of wires between them.
 */
export class RunState {
  readonly plan: Plan
  readonly #wiring: Wiring
  readonly #ends = new Map<string, Ending>()
  /** Of each open `each`, by its task: the number of its items for every item around it. */
  readonly #opened = new Map<string, readonly number[]>()
  /** How many endings each task or opening still waits for. */
  readonly #waiting = new Map<string, number>()
  /** Endings of tasks that are not known to exist yet, because the ending that opens their `each` was not heard. */
  readonly #early = new Map<string, Ending>()
  readonly #ready = new Set<string>()
  #unfinished = 0

  constructor(plan: Plan) {
    this.plan = plan
    this.#wiring = wiringOf(plan)
    for (const id of this.#wiring.outermost) this.#create(id, '')
    for (const [id, { outputs }] of this.#wiring.given)
      this.#end(id, { status: 'completed', counts: countsOf([outputs]) })
    this.first = [...this.#ready]
  }

  /** The tasks that nothing has to end for. */
  readonly first: readonly string[]

  /** Hears that a task has ended. */
  end(task: string, { status, counts }: Ending): void {
    const ending = { status, counts } // not the whole record: there may be many
    if (!this.#exists(task)) this.#early.set(task, ending)
    else if (!this.#ends.has(task)) this.#end(task, ending)
  }

  ended(task: string): boolean {
    return this.#ends.has(task)
  }

  /** How a task has ended, as it was heard. */
  ending(task: string): Ending | undefined {
    return this.#ends.get(task)
  }

  /** Whether there is such a task, as far as the `each` nodes around it are open. */
  has(task: string): boolean {
    return this.#exists(task)
  }

  /** Whether a task can run now: all that it waits for has ended, and it has not. */
  ready(task: string): boolean {
    return this.#ready.has(task)
  }

  /** Tasks that the end of this one may have made ready. */
  *after(task: string): Iterable<string> {
    for (const waiter of this.#waiters(task)) yield* this.#behind(waiter)
  }

  /** The tasks whose endings a task's start rests on, in an order in which each can be heard. */
  *before(task: string): Iterable<string> {
    const { node: id, batch } = parseTask(task)
    for (const [depth, each] of this.plan.nodes[id]!.scope.entries())
      for (const need of this.#wiring.needs.get(each)!) yield this.#outer(need, batchAt(batch, depth))
    for (const need of this.#wiring.needs.get(id)!) yield this.#outer(need, batch)
  }

  /** All tasks that a task that has ended waited for: an `each` waits for those inside it, too. */
  *waitedFor(task: string): Iterable<string> {
    yield* this.before(task)
    const { node: id, batch } = parseTask(task)
    if (this.plan.nodes[id]!.type === 'each')
      for (const inner of this.#tasksIn(id, batch, this.#wiring.bodies.get(id) ?? [])) yield taskName(inner)
  }

  /** Tasks that exist and have not ended. */
  *unfinished(): Iterable<string> {
    for (const id of Object.keys(this.plan.nodes))
      for (const task of this.#tasksUnder(id, 0, '')) if (!this.#ends.has(task)) yield task
  }

  get done(): boolean {
    return this.#unfinished === 0
  }

  /** How a run that is done ends. A failure inside an `each` counts only if it made the `each` fail. */
  get status(): RunStatus {
    const statuses = new Set<TaskStatus>()
    for (const [task, { status }] of this.#ends) if (!task.includes('/')) statuses.add(status)
    if (statuses.has('cancelled')) return 'cancelled'
    return statuses.has('failed') || statuses.has('timed-out') ? 'failed' : 'completed'
  }

  /** Numbers of items of an open `each`, for every item of the batch around it. */
  itemsOf(each: string, around: string): readonly number[] {
    return this.#opened.get(taskName({ node: each, batch: around })) ?? []
  }

  /**
   * For every item of a batch, the item around it that it belongs to: `lineage[depth][index]`, depth 0 being the one call
   * outside every `each`, and the last depth the items themselves.
   */
  lineage(scope: readonly string[], batch: string): number[][] {
    let lineage = [[0]]
    scope.forEach((each, depth) => {
      const { parents } = this.slice(each, batchAt(batch, depth), indexAt(batch, depth))
      lineage = [...lineage.map((items) => parents.map((parent) => items[parent]!)), parents.map((_, index) => index)]
    })
    return lineage
  }

  /** A batch as a stretch of all items of its `each`: where it starts, and the item around it that each item is of. */
  slice(each: string, around: string, index: number): { from: number; parents: number[] } {
    const counts = this.itemsOf(each, around)
    const { batch } = this.plan.nodes[each] as PlannedEach
    const from = index * batch
    const parents: number[] = []
    let seen = 0
    for (let parent = 0; parent < counts.length && parents.length < batch; parent++) {
      const until = Math.min(seen + counts[parent]!, from + batch)
      for (let item = Math.max(seen, from); item < until; item++) parents.push(parent)
      seen += counts[parent]!
    }
    return { from, parents }
  }

  /** The first `when` around a node that keeps it from running, for one item, and whether what it chooses is known. */
  closedBy(id: string, batch: string, lineage: Lineage, index: number): { when: string; isKnown: boolean } | undefined {
    for (const { when, condition, arm } of this.plan.nodes[id]!.guards) {
      const holds = this.holds(condition, batch, lineage, index)
      if (holds !== arm) return { when, isKnown: holds !== undefined }
    }
    return undefined
  }

  /** Where the items of a batch stand: each by its place in the list that is mapped over, behind those around it. */
  indicesIn(scope: readonly string[], batch: string): number[][] {
    const lineage = this.lineage(scope, batch)
    const places = scope.map((each, depth) => {
      const around = batchAt(batch, depth)
      const { from, parents } = this.slice(each, around, indexAt(batch, depth))
      const starts: number[] = []
      let sum = 0
      for (const count of this.itemsOf(each, around)) {
        starts.push(sum)
        sum += count
      }
      return parents.map((parent, at) => from + at - starts[parent]!)
    })
    return lineage.at(-1)!.map((_, index) => places.map((of, depth) => of[lineage[depth + 1]![index]!]!))
  }

  /** What a condition came to, for one item; undefined when that is not known. */
  holds(condition: Condition, batch: string, lineage: Lineage, index: number): boolean | undefined {
    if ('value' in condition) return condition.value
    const count = this.#count(condition, batch, lineage, index)
    return count === undefined ? undefined : count === 1
  }

  #count(ref: Ref, batch: string, lineage: Lineage, index: number): number | undefined {
    if ('item' in ref) return undefined
    const depth = this.plan.nodes[ref.node]!.scope.length
    const ending = this.#ends.get(taskName({ node: ref.node, batch: batchAt(batch, depth) }))
    return ending?.counts[ref.output]?.[lineage[depth]![index]!]
  }

  #end(task: string, ending: Ending): void {
    this.#ends.set(task, ending)
    this.#ready.delete(task)
    this.#unfinished--
    // Listed first: what opens meanwhile makes tasks that know of this ending already.
    for (const waiter of [...this.#waiters(task)]) this.#heard(waiter)
  }

  #exists(task: string): boolean {
    const { node, batch } = parseTask(task)
    const scope = Object.hasOwn(this.plan.nodes, node) ? this.plan.nodes[node]!.scope : undefined
    if (scope?.length !== (batch === '' ? 0 : batch.split('.').length)) return false
    if (scope.length === 0) return true
    const depth = scope.length - 1
    return indexAt(batch, depth) < this.#batches(scope[depth]!, batchAt(batch, depth))
  }

  /** How many batches an open `each` has. */
  #batches(each: string, around: string): number {
    const items = this.itemsOf(each, around).reduce((sum, count) => sum + count, 0)
    return Math.ceil(items / (this.plan.nodes[each] as PlannedEach).batch)
  }

  #create(id: string, batch: string): void {
    const task = taskName({ node: id, batch })
    this.#unfinished++
    const { type } = this.plan.nodes[id]!
    if (type === 'given') return
    if (type === 'each') this.#waiting.set(task, 1) // for its opening, which adds its batches
    const needs = this.#wiring.needs.get(id)!
    const missing = needs.filter((need) => !this.#ends.has(this.#outer(need, batch))).length
    const waiter = type === 'each' ? OPENING + task : task
    this.#waiting.set(waiter, missing)
    if (missing === 0) this.#start(waiter)
  }

  #heard(waiter: string): void {
    const missing = this.#waiting.get(waiter)! - 1
    this.#waiting.set(waiter, missing)
    if (missing === 0) this.#start(waiter)
  }

  #start(waiter: string): void {
    this.#waiting.delete(waiter)
    if (waiter.startsWith(OPENING)) this.#open(waiter.slice(OPENING.length))
    else this.#ready.add(waiter)
  }

  #open(task: string): void {
    const { node: id, batch } = parseTask(task)
    const each = this.plan.nodes[id] as PlannedEach
    const lineage = this.lineage(each.scope, batch)
    const counts = lineage
      .at(-1)!
      .map((index) =>
        this.closedBy(id, batch, lineage, index) ? 0 : (this.#count(each.over, batch, lineage, index) ?? 0),
      )
    this.#opened.set(task, counts)
    const body = this.#wiring.bodies.get(id) ?? []
    const tasks = [...this.#tasksIn(id, batch, body)]
    this.#waiting.set(task, this.#waiting.get(task)! + tasks.length)
    for (const { node, batch } of tasks) this.#create(node, batch)
    this.#heard(task)
    for (const early of tasks.map(taskName)) {
      const ending = this.#early.get(early)
      if (ending && this.#early.delete(early)) this.#end(early, ending)
    }
  }

  /** A task; for an opening, the tasks inside the `each`, and the `each` itself. */
  *#behind(waiter: string): Iterable<string> {
    if (!waiter.startsWith(OPENING)) return void (yield waiter)
    const task = waiter.slice(OPENING.length)
    const { node, batch } = parseTask(task)
    yield task
    for (const inner of this.#tasksIn(node, batch, this.#wiring.bodies.get(node) ?? [])) {
      const opening = this.plan.nodes[inner.node]!.type === 'each' ? OPENING : ''
      yield* this.#behind(opening + taskName(inner))
    }
  }

  /** Tasks and openings that wait, or will wait once they exist, for the end of this task. */
  *#waiters(task: string): Iterable<string> {
    const { node: id, batch } = parseTask(task)
    const { scope } = this.plan.nodes[id]!
    for (const consumer of this.#wiring.consumers.get(id) ?? []) {
      const opening = this.plan.nodes[consumer]!.type === 'each' ? OPENING : ''
      for (const waiter of this.#tasksUnder(consumer, scope.length, batch)) yield opening + waiter
    }
    const around = scope.at(-1)
    if (around !== undefined) yield taskName({ node: around, batch: batchAt(batch, scope.length - 1) })
  }

  /** A node's tasks inside a batch of the first `depth` of the `each` nodes around it, as far as those are open. */
  *#tasksUnder(id: string, depth: number, batch: string): Iterable<string> {
    const each = this.plan.nodes[id]!.scope[depth]
    if (each === undefined) return void (yield taskName({ node: id, batch }))
    for (const inner of this.#tasksIn(each, batch, [id])) yield* this.#tasksUnder(id, depth + 1, inner.batch)
  }

  *#tasksIn(each: string, around: string, body: readonly string[]): Iterable<Subject> {
    const batches = this.#batches(each, around)
    for (let index = 0; index < batches; index++)
      for (const node of body) yield { node, batch: around === '' ? String(index) : `${around}.${index}` }
  }

  /** The task of a node that stands around, or beside, a batch. */
  #outer(id: string, batch: string): string {
    return taskName({ node: id, batch: batchAt(batch, this.plan.nodes[id]!.scope.length) })
  }
}

/** For every item, the index of the item around it that it belongs to: `lineage[depth][index]`. */
export type Lineage = readonly (readonly number[])[]

/** Marks what waits for an `each` to open, apart from what waits for it to end. */
const OPENING = '+'

/** A batch is numbered inside the batches around it: `3.17` is batch 17 inside batch 3. This gives the outer `depth` numbers. */
export function batchAt(batch: string, depth: number): string {
  return batch.split('.').slice(0, depth).join('.')
}

export function indexAt(batch: string, depth: number): number {
  return Number(batch.split('.')[depth])
}

/** Of each list output its length and of each boolean one 1 or 0, for every item. */
export function countsOf(items: readonly (Readonly<Record<string, ArtifactRef>> | undefined)[]): EndRecord['counts'] {
  const counts: Record<string, number[]> = {}
  items.forEach((outputs, index) => {
    for (const [name, ref] of Object.entries(outputs ?? {})) {
      const count = ref.items ?? (ref.text === 'true' ? 1 : ref.text === 'false' ? 0 : undefined)
      if (count !== undefined) (counts[name] ??= items.map(() => 0))[index] = count
    }
  })
  return counts
}
