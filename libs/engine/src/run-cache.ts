import type { RunContext, RetainedRun } from './run-context.ts'

interface CachedRun extends RetainedRun {
  run: Promise<RunContext> | undefined
  users: number
}

interface AnnouncedEnds {
  readonly tasks: Set<string>
  /** When the run was planned, in milliseconds since 1970; -Infinity until known. */
  plannedAt: number
}

/** Default of the maximum number of idle runs in the cache. */
const MAX_IDLE_RUNS = 64
/**
 * Limits on remembering which endings were announced: the number of runs, and the number of tasks in all of them.
 * Without this memory, a late event would trigger everything after it again.
 */
const MAX_ANNOUNCED_RUNS = 512
const MAX_ANNOUNCED_TASKS = 100_000

/**
 * The runs in a process's memory. A finished run is dropped. Of idle runs only the most recently used are kept, because
 * not every host receives the end of a run.
 */
export class RunCache {
  readonly #cached = new Map<string, CachedRun>()
  readonly #announced = new Map<string, AnnouncedEnds>()
  readonly #limit: number
  #forgottenUntil = -Infinity

  constructor(limit = MAX_IDLE_RUNS) {
    this.#limit = limit
  }

  get size(): number {
    return this.#cached.size
  }

  /** For runs planned after this time, no announced ending has been dropped. In milliseconds since 1970. */
  get forgottenUntil(): number {
    return this.#forgottenUntil
  }

  /**
   * Runs work with a run's context.
   *
   * @param load reads the run from the store when it is not in memory
   */
  async use(
    name: string,
    load: (retained: RetainedRun) => Promise<RunContext>,
    work: (run: RunContext) => Promise<void>,
  ): Promise<void> {
    const cached = this.#acquire(name)
    try {
      const run = await (cached.run ??= this.#load(cached, load))
      const announced = this.#announced.get(name)
      if (announced) announced.plannedAt = run.plan.createdAt
      await work(run)
      if (run.state.isDone && cached.users === 1) cached.run = undefined
    } catch (error) {
      cached.run = undefined // an event may have been wrong, so read the records again
      throw error
    } finally {
      cached.users--
      this.#trim()
    }
  }

  has(name: string): boolean {
    return this.#cached.has(name)
  }

  /** Aborts the work on a run. */
  abort(name: string, reason: Error): void {
    this.#cached.get(name)?.cancel.abort(reason)
  }

  abortAll(reason: Error): void {
    for (const { cancel } of this.#cached.values()) cancel.abort(reason)
  }

  /** Drops every run's context. It is read from the store again when next used. */
  forget(): void {
    for (const cached of this.#cached.values()) cached.run = undefined
    this.#trim()
  }

  #acquire(name: string): CachedRun {
    const before = this.#cached.get(name)
    const announced = this.#announced.get(name) ?? { tasks: before?.announced ?? new Set(), plannedAt: -Infinity }
    const cached = before ?? {
      cancel: new AbortController(),
      busy: new Map(),
      announced: announced.tasks,
      run: undefined,
      users: 0,
    }
    cached.users++
    const isNew = !this.#announced.has(name)
    moveToEnd(this.#cached, name, cached)
    moveToEnd(this.#announced, name, announced)
    if (isNew) this.#trimAnnounced()
    return cached
  }

  #load(cached: CachedRun, load: (retained: RetainedRun) => Promise<RunContext>): Promise<RunContext> {
    const loaded = load(cached)
    loaded.catch(() => {
      if (cached.run === loaded) cached.run = undefined
    })
    return loaded
  }

  #trim(): void {
    let surplus = this.#cached.size - this.#limit
    for (const [name, { users, busy, run }] of this.#cached)
      if (users === 0 && busy.size === 0 && (run === undefined || surplus > 0)) {
        this.#cached.delete(name)
        surplus--
      }
  }

  #trimAnnounced(): void {
    let tasks = 0
    for (const { tasks: of } of this.#announced.values()) tasks += of.size
    for (const [name, { tasks: of, plannedAt }] of this.#announced) {
      if (this.#announced.size <= MAX_ANNOUNCED_RUNS && tasks <= MAX_ANNOUNCED_TASKS) break
      tasks -= of.size
      this.#announced.delete(name)
      this.#forgottenUntil = Math.max(this.#forgottenUntil, plannedAt)
    }
  }
}

function moveToEnd<Value>(values: Map<string, Value>, name: string, value: Value): void {
  values.delete(name)
  values.set(name, value)
}
