import { itemAt, parseTask, type Plan } from '@cairn/records'
import { itemsIn } from '@cairn/engine'
import { ItemNames, type Workspace } from '@cairn/workspace'

/** Names of a run's items by their task and index. */
export class RecordedNames {
  readonly #workspace: Workspace
  readonly #plan: Plan
  readonly #known = new Map<string, string>()
  readonly #asked = new Set<string>()

  constructor(workspace: Workspace, plan: Plan) {
    this.#workspace = workspace
    this.#plan = plan
  }

  /** Undefined for a task outside every `each`. */
  async at(task: string, index: number): Promise<string | undefined> {
    const { node } = parseTask(task)
    if (this.#plan.nodes[node]!.scope.length === 0) return undefined
    // The lists identify and name the item. They may have been produced since the last call.
    if (!this.#known.has(`${task} ${index}`) && !this.#asked.has(task)) {
      this.#asked.add(task)
      const items = await itemsIn(this.#workspace.store, this.#workspace.at(this.#plan.pipeline), this.#plan, node)
      const names = new ItemNames(items)
      for (const item of items) this.#known.set(`${item.task} ${item.index}`, names.of(item))
    }
    return this.#known.get(`${task} ${index}`) ?? itemAt(this.#plan, task, index)
  }
}
