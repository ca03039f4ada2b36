import type { RunContext, Kept } from './run-context.ts'

interface Known extends Kept {
  run: Promise<RunContext> | undefined
  users: number
}

interface Announced {
  readonly tasks: Set<string>
  /** When the run was planned, in milliseconds since 1970; -Infinity until known. */
  plannedAt: number
}

/** Default of the maximum number of idle runs in the cache. */
const REMEMBERED = 64
/**
 * Limits on remembering which endings were announced: the number of runs, and the number of tasks in all of them.
 * Without this memory, a late event would trigger everything after it again.
 */
const ANNOUNCED = 512
const ANNOUNCED_TASKS = 100_000

/**
 * The runs in a process's memory. A finished run is dropped. Of idle runs only the most recently used are kept, because
 * not every host receives the end of a run.
 */
export class RunCache {
  readonly #known = new Map<string, Known>()
  readonly #announced = new Map<string, Announced>()
  readonly #limit: number
  #forgottenUntil = -Infinity

  constructor(limit = REMEMBERED) {
    this.#limit = limit
  }

  get size(): number {
    return this.#known.size
  }

  /** For runs planned after this time, no announced ending has been dropped. In milliseconds since 1970. */
  get forgottenUntil(): number {
    return this.#forgottenUntil
  }

  /**
   * Runs work with a run's context.
   *
   * @param make reads the run from the store when it is not in memory
   */
  async use(
    name: string,
    make: (kept: Kept) => Promise<RunContext>,
    work: (run: RunContext) => Promise<void>,
  ): Promise<void> {
    const known = this.#enter(name)
    try {
      const run = await (known.run ??= this.#make(known, make))
      const announced = this.#announced.get(name)
      if (announced) announced.plannedAt = run.plan.createdAt
      await work(run)
      if (run.state.done && known.users === 1) known.run = undefined
    } catch (error) {
      known.run = undefined // an event may have been wrong, so read the records again
      throw error
    } finally {
      known.users--
      this.#trim()
    }
  }

  has(name: string): boolean {
    return this.#known.has(name)
  }

  /** Aborts the work on a run. */
  abort(name: string, reason: Error): void {
    this.#known.get(name)?.cancel.abort(reason)
  }

  abortAll(reason: Error): void {
    for (const { cancel } of this.#known.values()) cancel.abort(reason)
  }

  /** Drops every run's context. It is read from the store again when next used. */
  forget(): void {
    for (const known of this.#known.values()) known.run = undefined
    this.#trim()
  }

  #enter(name: string): Known {
    const before = this.#known.get(name)
    const announced = this.#announced.get(name) ?? { tasks: before?.announced ?? new Set(), plannedAt: -Infinity }
    const known = before ?? {
      cancel: new AbortController(),
      busy: new Map(),
      announced: announced.tasks,
      run: undefined,
      users: 0,
    }
    known.users++
    const isNew = !this.#announced.has(name)
    usedLast(this.#known, name, known)
    usedLast(this.#announced, name, announced)
    if (isNew) this.#trimAnnounced()
    return known
  }

  #make(known: Known, make: (kept: Kept) => Promise<RunContext>): Promise<RunContext> {
    const made = make(known)
    made.catch(() => {
      if (known.run === made) known.run = undefined
    })
    return made
  }

  #trim(): void {
    let surplus = this.#known.size - this.#limit
    for (const [name, { users, busy, run }] of this.#known)
      if (users === 0 && busy.size === 0 && (run === undefined || surplus > 0)) {
        this.#known.delete(name)
        surplus--
      }
  }

  #trimAnnounced(): void {
    let tasks = 0
    for (const { tasks: of } of this.#announced.values()) tasks += of.size
    for (const [name, { tasks: of, plannedAt }] of this.#announced) {
      if (this.#announced.size <= ANNOUNCED && tasks <= ANNOUNCED_TASKS) break
      tasks -= of.size
      this.#announced.delete(name)
      this.#forgottenUntil = Math.max(this.#forgottenUntil, plannedAt)
    }
  }
}

function usedLast<Value>(values: Map<string, Value>, name: string, value: Value): void {
  values.delete(name)
  values.set(name, value)
}
