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
import { batchAt, countsOf, indexAt, type Lineage } from './batch.ts'
import { EachBatches } from './each-batches.ts'
import { wiringOf, type Wiring } from './wiring.ts'

/** The part of a terminal record that a run's state needs. The task's event carries it, too. */
export type Ending = Pick<EndRecord, 'status' | 'counts'>

/**
 * The state of a run: a fold over the endings of its tasks, in any order, with duplicates.
 *
 * A node has one task or, inside an `each`, one for each batch. An `each` opens when its list is known; only then the
 * number of batches is known. Opening leaves no record, because it follows from earlier endings. All work is linear in
 * the number of tasks and of refs between them.
 */
export class RunState {
  readonly plan: Plan
  readonly wiring: Wiring
  readonly opened: EachBatches
  readonly #ends = new Map<string, Ending>()
  /** How many endings each task or opening still waits for. */
  readonly #waiting = new Map<string, number>()
  /** Endings of tasks that are not known yet, because the ending that opens their `each` has not arrived. */
  readonly #early = new Map<string, Ending>()
  readonly #ready = new Set<string>()
  #unfinished = 0

  constructor(plan: Plan) {
    this.plan = plan
    this.wiring = wiringOf(plan)
    this.opened = new EachBatches(plan)
    for (const id of this.wiring.outermost) this.#create(id, '')
    for (const [id, { outputs }] of this.wiring.given)
      this.#end(id, { status: 'completed', counts: countsOf([outputs]) })
    this.initiallyReady = [...this.#ready]
  }

  /** The tasks that are ready at the start. */
  readonly initiallyReady: readonly string[]

  /** Adds the ending of a task. */
  end(task: string, { status, counts }: Ending): void {
    const ending = { status, counts } // without the rest of the record, to save memory
    if (!this.has(task)) this.#early.set(task, ending)
    else if (!this.#ends.has(task)) this.#end(task, ending)
  }

  /** Whether a task has ended. */
  hasEnded(task: string): boolean {
    return this.#ends.has(task)
  }

  /** Returns the ending of a task, as it was reported. */
  ending(task: string): Ending | undefined {
    return this.#ends.get(task)
  }

  /** Whether a task can run now: everything it waits for has ended, and it has not. */
  isReady(task: string): boolean {
    return this.#ready.has(task)
  }

  /** Lists the tasks that the ending of this one may have made ready. */
  *readyAfter(task: string): Iterable<string> {
    for (const waiter of this.#waiters(task)) yield* this.#startedBy(waiter)
  }

  /** Lists the tasks that must end before a task starts, in an order in which their endings can be added. */
  *endsBefore(task: string): Iterable<string> {
    const { node: id, batch } = parseTask(task)
    for (const [depth, each] of this.plan.nodes[id]!.scope.entries())
      for (const need of this.wiring.needs.get(each)!) yield this.#outerTask(need, batchAt(batch, depth))
    for (const need of this.wiring.needs.get(id)!) yield this.#outerTask(need, batch)
  }

  /** Lists all tasks that an ended task waited for. An `each` waits for the tasks inside it, too. */
  *waitedFor(task: string): Iterable<string> {
    yield* this.endsBefore(task)
    const { node: id, batch } = parseTask(task)
    if (this.plan.nodes[id]!.type === 'each')
      for (const inner of this.#tasksIn(id, batch, this.wiring.bodies.get(id) ?? [])) yield taskName(inner)
  }

  /** Lists the known tasks that have not ended. */
  *unfinished(): Iterable<string> {
    for (const id of Object.keys(this.plan.nodes))
      for (const task of this.#tasksUnder(id, 0, '')) if (!this.#ends.has(task)) yield task
  }

  /** Whether all tasks have ended. */
  get isDone(): boolean {
    return this.#unfinished === 0
  }

  /** Returns how a finished run ends. A failure inside an `each` counts only if it made the `each` fail. */
  get status(): RunStatus {
    const statuses = new Set<TaskStatus>()
    for (const [task, { status }] of this.#ends) if (!task.includes('/')) statuses.add(status)
    if (statuses.has('cancelled')) return 'cancelled'
    return statuses.has('failed') || statuses.has('timed-out') ? 'failed' : 'completed'
  }

  /** Returns the first `when` that keeps a node from running for one item, and whether its condition has a value. */
  closedGuard(
    id: string,
    batch: string,
    lineage: Lineage,
    index: number,
  ): { when: string; isKnown: boolean } | undefined {
    for (const { when, condition, arm } of this.plan.nodes[id]!.guards) {
      const value = this.conditionValue(condition, batch, lineage, index)
      if (value !== arm) return { when, isKnown: value !== undefined }
    }
    return undefined
  }

  /** Returns the value of a condition for one item; undefined when it is unknown. */
  conditionValue(condition: Condition, batch: string, lineage: Lineage, index: number): boolean | undefined {
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
    // Copied first: a task that is created meanwhile takes this ending into account already.
    for (const waiter of [...this.#waiters(task)]) this.#countDown(waiter)
  }

  /** Whether the task exists, as far as the `each` nodes around it are open. */
  has(task: string): boolean {
    const { node, batch } = parseTask(task)
    const scope = Object.hasOwn(this.plan.nodes, node) ? this.plan.nodes[node]!.scope : undefined
    if (scope?.length !== (batch === '' ? 0 : batch.split('.').length)) return false
    if (scope.length === 0) return true
    const depth = scope.length - 1
    return indexAt(batch, depth) < this.opened.batches(scope[depth]!, batchAt(batch, depth))
  }

  #create(id: string, batch: string): void {
    const task = taskName({ node: id, batch })
    this.#unfinished++
    const { type } = this.plan.nodes[id]!
    if (type === 'given') return
    if (type === 'each') this.#waiting.set(task, 1) // for its opening, which adds its batches
    const needs = this.wiring.needs.get(id)!
    const missing = needs.filter((need) => !this.#ends.has(this.#outerTask(need, batch))).length
    const waiter = type === 'each' ? OPENING + task : task
    this.#waiting.set(waiter, missing)
    if (missing === 0) this.#start(waiter)
  }

  #countDown(waiter: string): void {
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
    const lineage = this.opened.lineage(each.scope, batch)
    const counts = lineage
      .at(-1)!
      .map((index) =>
        this.closedGuard(id, batch, lineage, index) ? 0 : (this.#count(each.over, batch, lineage, index) ?? 0),
      )
    this.opened.open(task, counts)
    const body = this.wiring.bodies.get(id) ?? []
    const tasks = [...this.#tasksIn(id, batch, body)]
    this.#waiting.set(task, this.#waiting.get(task)! + tasks.length)
    for (const { node, batch } of tasks) this.#create(node, batch)
    this.#countDown(task)
    for (const early of tasks.map(taskName)) {
      const ending = this.#early.get(early)
      if (ending && this.#early.delete(early)) this.#end(early, ending)
    }
  }

  /** Lists a task; for an opening, the tasks inside the `each` and the `each` itself. */
  *#startedBy(waiter: string): Iterable<string> {
    if (!waiter.startsWith(OPENING)) return void (yield waiter)
    const task = waiter.slice(OPENING.length)
    const { node, batch } = parseTask(task)
    yield task
    for (const inner of this.#tasksIn(node, batch, this.wiring.bodies.get(node) ?? [])) {
      const opening = this.plan.nodes[inner.node]!.type === 'each' ? OPENING : ''
      yield* this.#startedBy(opening + taskName(inner))
    }
  }

  /** Lists the tasks and openings that wait for this task, now or once they exist. */
  *#waiters(task: string): Iterable<string> {
    const { node: id, batch } = parseTask(task)
    const { scope } = this.plan.nodes[id]!
    for (const consumer of this.wiring.consumers.get(id) ?? []) {
      const opening = this.plan.nodes[consumer]!.type === 'each' ? OPENING : ''
      for (const waiter of this.#tasksUnder(consumer, scope.length, batch)) yield opening + waiter
    }
    const each = scope.at(-1)
    if (each !== undefined) yield taskName({ node: each, batch: batchAt(batch, scope.length - 1) })
  }

  /** Lists a node's tasks inside a batch of the outer `depth` `each` nodes, as far as the `each` nodes are open. */
  *#tasksUnder(id: string, depth: number, batch: string): Iterable<string> {
    const each = this.plan.nodes[id]!.scope[depth]
    if (each === undefined) return void (yield taskName({ node: id, batch }))
    for (const inner of this.#tasksIn(each, batch, [id])) yield* this.#tasksUnder(id, depth + 1, inner.batch)
  }

  *#tasksIn(each: string, outerBatch: string, body: readonly string[]): Iterable<Subject> {
    const batches = this.opened.batches(each, outerBatch)
    for (let index = 0; index < batches; index++)
      for (const node of body) yield { node, batch: outerBatch === '' ? String(index) : `${outerBatch}.${index}` }
  }

  /** Returns the task of a node around or beside a batch. */
  #outerTask(id: string, batch: string): string {
    return taskName({ node: id, batch: batchAt(batch, this.plan.nodes[id]!.scope.length) })
  }
}

/** Prefix of a waiter that stands for the opening of an `each`, not for its end. */
const OPENING = '+'
