import {
  mapConcurrently,
  attemptEvent,
  endEvent,
  layout,
  leftEvent,
  readRecord,
  runEvent,
  type ArtifactStore,
  type AttemptRecord,
  type CairnEvent,
  type EndRecord,
  type Layout,
  type Plan,
  type RunEnd,
} from '@cairn/records'
import { unfitTasks } from '@cairn/engine'
import { SharedWork } from './shared-work.ts'

/** How often a run's records are checked for missed events, in milliseconds. */
const POLL_MS = 5_000

type OnEvent = (event: CairnEvent) => void

/**
 * The records of a run as events: recreated from records, they equal the original events. All followers of the run share
 * the reads, and immutable records are read only once.
 */
export class RecordedRun {
  readonly #plan: Plan
  readonly #store: ArtifactStore
  readonly #at: Layout
  readonly #readers = new Set<OnEvent>()
  /** For each ended task: the time and the event. */
  readonly #ends = new Map<string, readonly [endedAt: number, event: CairnEvent]>()
  /** Reads of ends in progress, which all followers share. */
  readonly #endReads = new Map<string, Promise<void>>()
  #end: RunEnd | undefined
  /** Events of attempts, by file. */
  readonly #attempts = new Map<string, CairnEvent>()
  readonly #reads = new SharedWork<CairnEvent[]>()
  #timer: NodeJS.Timeout | undefined

  constructor(plan: Plan, store: ArtifactStore) {
    this.#plan = plan
    this.#store = store
    this.#at = layout(plan.env, plan.pipeline)
  }

  get isFollowed(): boolean {
    return this.#readers.size > 0
  }

  /** Sends recorded events to the reader repeatedly, until the returned function is called. */
  follow(onEvent: OnEvent): () => void {
    this.#readers.add(onEvent)
    this.#timer ??= setInterval(() => void this.#sendToAll().catch(() => {}), POLL_MS)
    return () => {
      this.#readers.delete(onEvent)
      if (this.isFollowed) return
      clearInterval(this.#timer)
      this.#timer = undefined
    }
  }

  /** The events of everything recorded so far. A request during a read gets the result of the next read. */
  events(): Promise<CairnEvent[]> {
    return this.#reads.do('', () => this.#read())
  }

  /** The event of a task's recorded end; undefined if it has none. */
  async ended(task: string): Promise<CairnEvent | undefined> {
    if (!this.#ends.has(task)) {
      const reading = this.#endReads.get(task) ?? this.#readEnd(task).finally(() => this.#endReads.delete(task))
      this.#endReads.set(task, reading)
      await reading
    }
    return this.#ends.get(task)?.[1]
  }

  /** The event of the run's end if `events` has found one. Tasks of a cancelled run may not have ended. */
  get runEnded(): CairnEvent | undefined {
    return this.#end && runEvent(this.#plan, 'run-ended', this.#end.endedAt, this.#end)
  }

  async #readEnd(task: string): Promise<void> {
    const end = await readRecord<EndRecord>(this.#store, this.#at.end(this.#plan.run, task))
    if (end) this.#ends.set(task, [end.endedAt, endEvent(this.#plan, task, end)])
  }

  async #sendToAll(): Promise<void> {
    const events = await this.events()
    for (const onEvent of this.#readers) events.forEach(onEvent)
  }

  async #read(): Promise<CairnEvent[]> {
    const plan = this.#plan
    const end = (this.#end ??= await readRecord<RunEnd>(this.#store, this.#at.runEnd(plan.run)))
    await this.#readEnds()
    const started = end ? [] : [...(await this.#runningAttempts()), ...(await this.#unfit())]
    const ended = [...this.#ends.values()].sort(([a], [b]) => a - b).map(([, event]) => event)
    const isOver = end && (end.status !== 'cancelled' || Object.keys(plan.nodes).every((id) => this.#isEnded(id)))
    return [...ended, ...started, ...(isOver ? [this.runEnded!] : [])]
  }

  async #readEnds(): Promise<void> {
    const tasks = (await this.#store.children(this.#at.ends(this.#plan.run))).map((file) => this.#at.taskOf(file))
    await mapConcurrently(
      tasks.filter((task) => !this.#ends.has(task)),
      (task) => this.#readEnd(task),
    )
  }

  #isEnded(id: string): boolean {
    const { scope, type } = this.#plan.nodes[id]!
    return scope.length > 0 || type === 'given' || this.#ends.has(id)
  }

  /** Events of the current attempts of tasks. */
  async #runningAttempts(): Promise<CairnEvent[]> {
    const { run } = this.#plan
    const files = await this.#store.children(this.#at.attempts(run))
    const running = files.filter((file) => !this.#ends.has(this.#at.attemptOf(file).task))
    await mapConcurrently(
      running.filter((file) => !this.#attempts.has(file)),
      async (file) => {
        const { task, attempt } = this.#at.attemptOf(file)
        const record = await readRecord<AttemptRecord>(this.#store, this.#at.attempt(run, task, attempt))
        if (record)
          this.#attempts.set(file, attemptEvent(this.#plan, 'attempt-started', task, attempt, record.startedAt))
      },
    )
    return running.flatMap((file) => this.#attempts.get(file) ?? [])
  }

  /** Events of tasks that hosts could not run. */
  async #unfit(): Promise<CairnEvent[]> {
    const records = await unfitTasks(this.#store, this.#at, this.#plan.run)
    return records.map(({ task, at, error }, index) => leftEvent(this.#plan, task, at, index + 1, error))
  }
}
