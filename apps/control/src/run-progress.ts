import {
  endEvent,
  layout,
  parseTask,
  readRecord,
  readyEvent,
  runEvent,
  type ArtifactStore,
  type CairnEvent,
  type EndRecord,
  type Layout,
  type Plan,
} from '@cairn/records'
import { RunState } from '@cairn/engine'

/** The progress of a run that has not ended, from its records. Each record is read only once. */
export class RunProgress {
  readonly plan: Plan
  readonly state: RunState
  /** Time when the run was planned or its last task ended, by the clocks of the writers. */
  lastEndedAt: number
  /** Tasks with a record. */
  readonly #recorded = new Set<string>()
  readonly #store: ArtifactStore
  readonly #at: Layout

  constructor(plan: Plan, store: ArtifactStore) {
    this.plan = plan
    this.state = new RunState(plan)
    this.lastEndedAt = plan.createdAt
    this.#store = store
    this.#at = layout(plan.env, plan.pipeline)
  }

  /** Reads new records, and returns whether there were any. */
  async readNewEnds(): Promise<boolean> {
    const before = this.#recorded.size
    for (const file of await this.#store.children(this.#at.ends(this.plan.run))) {
      const task = this.#at.taskOf(file)
      if (this.#recorded.has(task)) continue
      const end = await this.#endOf(task)
      this.state.end(task, end)
      this.lastEndedAt = Math.max(this.lastEndedAt, end.endedAt)
      this.#recorded.add(task)
    }
    return this.#recorded.size > before
  }

  /** The events that its unfinished tasks wait for, whether or not they were published. */
  async lostEvents(now: number): Promise<CairnEvent[]> {
    const { plan, state } = this
    const ready = [...state.unfinished()].filter((task) => state.isReady(task))
    const needs = new Set<string>()
    let isFirst = this.#recorded.size === 0
    for (const task of ready) {
      const recorded = [...state.endsBefore(task)].filter((need) => this.#recorded.has(need))
      for (const need of recorded) needs.add(need)
      isFirst ||= recorded.length === 0
    }
    const ends = [...needs].map(async (need) => endEvent(plan, need, await this.#endOf(need)))
    return [
      ...(isFirst ? [runEvent(plan, 'run-started', plan.createdAt)] : []),
      ...ready.filter((task) => parseTask(task).batch !== '').map((task) => readyEvent(plan, task, now)),
      ...(await Promise.all(ends)),
    ]
  }

  async #endOf(task: string): Promise<EndRecord> {
    return (await readRecord<EndRecord>(this.#store, this.#at.end(this.plan.run, task)))!
  }
}
