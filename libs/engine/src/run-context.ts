import {
  mapConcurrently,
  artifactBytes,
  keyBase,
  codeName,
  layout,
  objectNotFound,
  openManifest,
  publish,
  readRecord,
  type CairnEvent,
  type Layout,
  type Items,
  type PinnedClosure,
  type Plan,
  type ArtifactStore,
  type Code,
  type EventBus,
  type PublishOptions,
  type EndRecord,
} from '@cairn/records'
import { CairnError, type ArtifactRef } from '@cairn/kernel'
import type { RunReader } from './item-inputs.ts'
import { routingOf, type Routing } from './routing.ts'
import { Lru } from './lru.ts'
import { RunState } from './run-state.ts'

/**
 * Weight limits of a run's caches of lists and of endings. Each entry weighs its items plus a fixed amount, which also
 * limits the number of short entries.
 */
const MAX_ITEMS = 65_536
const LIST_WEIGHT = 1_024
const MAX_ENDS = 8_192
const END_WEIGHT = 16

/** The part of a run that must survive when the rest is read from the store again. */
export interface RetainedRun {
  readonly cancel: AbortController
  /** The tasks that this process is working on. */
  readonly busy: Map<string, Promise<unknown>>
  /** Tasks whose ending has been published. */
  readonly announced: Set<string>
  /** Number of the run's events being handled. */
  readonly users: number
}

/** A run in one process. Everything in it can be read from the store again. */
export class RunContext implements RunReader {
  readonly plan: Plan
  readonly at: Layout
  readonly state: RunState
  readonly signal: AbortSignal
  /** Tasks whose ending has been published, as far as this process knows. */
  readonly announced: Set<string>
  /** The tasks that this process is working on. */
  readonly busy: Map<string, Promise<unknown>>
  readonly routing: Routing
  /** The run started without reading its records, because no task of it could have ended. */
  isAssumedNew = false
  /**
   * Settles when a cancellation that an event claims has been checked against the records. Later events wait for it.
   */
  pendingCancel: Promise<unknown> = Promise.resolve()
  readonly allItems = new Lru<Items>(8)
  readonly #lists = new Lru<Items>(MAX_ITEMS, ({ length }) => length + LIST_WEIGHT)
  readonly #ends = new Lru<EndRecord>(MAX_ENDS, ({ items }) => items.length + END_WEIGHT)
  readonly #code = new Lru<Code>(1024)
  readonly #keyBases = new Map<string, string | undefined>()
  readonly #store: ArtifactStore
  readonly #bus: EventBus

  constructor(plan: Plan, store: ArtifactStore, bus: EventBus, { cancel, busy, announced }: RetainedRun) {
    this.plan = plan
    this.signal = cancel.signal
    this.busy = busy
    this.announced = announced
    this.routing = routingOf(plan)
    this.at = layout(plan.env, plan.pipeline)
    this.state = new RunState(plan)
    this.#store = store
    this.#bus = bus
  }

  /** Reads all recorded endings into the state. */
  async readEnds(): Promise<void> {
    this.isAssumedNew = false
    const files = await this.#store.children(this.at.ends(this.plan.run))
    await mapConcurrently(files, async (file) => {
      const task = this.at.taskOf(file)
      this.state.end(task, await this.end(task))
    })
  }

  end(task: string): Promise<EndRecord> {
    const path = this.at.end(this.plan.run, task)
    return this.#ends.get(task, async () => {
      const end = await readRecord<EndRecord>(this.#store, path)
      if (!end) throw new CairnError('NOT_FOUND', `${path} is not in the store`, { next: 'cairn doctor' })
      return end
    })
  }

  /** Reads the terminal record of a task that may not have ended. */
  async findEnd(task: string): Promise<EndRecord | undefined> {
    const end = await readRecord<EndRecord>(this.#store, this.at.end(this.plan.run, task))
    if (end) this.remember(task, end)
    return end
  }

  remember(task: string, end: EndRecord): void {
    void this.#ends.set(task, Promise.resolve(end))
  }

  items(list: ArtifactRef): Promise<Items> {
    return this.#lists.get(list.digest, async () => openManifest(await artifactBytes(list, (ref) => this.fetch(ref))))
  }

  /**
   * Returns the local file of an object. Moves the object back when garbage collection has put it into the trash.
   *
   * @throws CairnError NOT_FOUND when it is not in the store
   */
  async fetch({ digest }: ArtifactRef): Promise<string> {
    const path = this.at.object(digest)
    const found = await this.#store.fetch(path)
    if (found !== undefined) return found
    if (await this.#store.move(this.at.trash(digest), path)) return this.fetch({ digest, size: 0 })
    throw objectNotFound(digest)
  }

  code(pinned: PinnedClosure): Promise<Code> {
    const { fingerprint, digest, packages } = pinned
    return this.#code.get(codeName(pinned), async () => {
      const files = [this.at.code(pinned), this.at.manifest(pinned)]
      const [path, manifest] = await Promise.all(files.map((file) => this.#store.fetch(file)))
      if (path !== undefined) return { fingerprint, digest, packages, name: codeName(pinned), path, manifest }
      throw new CairnError('NOT_FOUND', `the code of the run, ${fingerprint}, is not in the store`, {
        next: 'start a new run, which stores its code again',
      })
    })
  }

  /**
   * Returns the common part of the keys of a step's items; undefined for code without a fingerprint, or a source that
   * could not be read.
   */
  keyBase(id: string): string | undefined {
    const node = this.plan.nodes[id]
    if (node?.type !== 'step') return undefined
    if (!this.#keyBases.has(id)) {
      const { code, outputs } = this.plan.steps[node.step]!
      const { params, versions, unread } = node
      this.#keyBases.set(
        id,
        'inline' in code || unread ? undefined : keyBase({ fingerprint: code.fingerprint, params, outputs, versions }),
      )
    }
    return this.#keyBases.get(id)
  }

  publish(events: readonly CairnEvent[], options?: Omit<PublishOptions, 'topic'>): Promise<void> {
    return publish(this.#bus, this.plan, events, options)
  }
}
