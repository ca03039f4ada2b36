import {
  artifactBytes,
  keyBase,
  codeName,
  layout,
  openManifest,
  publish,
  readRecord,
  storedAs,
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
import { forEachConcurrently } from './concurrency.ts'

/** Of lists and of endings, a run remembers what holds so many items, and not too many short ones. */
const MOST_ITEMS = 65_536
const LIST_WEIGHT = 1_024
const MOST_ENDS = 8_192
const END_WEIGHT = 16

/** What of a run must not be made twice, even when the rest is made again from the store. */
export interface Kept {
  readonly cancel: AbortController
  /** Tasks that this process is at. */
  readonly busy: Map<string, Promise<unknown>>
  /** Tasks whose ending has been published. */
  readonly announced: Set<string>
  /** Events of the run that are being handled. */
  readonly users: number
}

/** A run as one process knows it. All of it can be made again from the store. */
export class RunContext implements RunReader {
  readonly plan: Plan
  readonly at: Layout
  readonly state: RunState
  readonly signal: AbortSignal
  /** Tasks whose ending has been published, as far as this process knows. */
  readonly announced: Set<string>
  /** Tasks that this process is at. */
  readonly busy: Map<string, Promise<unknown>>
  readonly routing: Routing
  /** Its records were not looked at when it began: as far as is known, no task of it had ended. */
  isTakenForNew = false
  /** Settles once it is known whether the run was cancelled, where an event has said so: what came behind that waits. */
  hearing: Promise<unknown> = Promise.resolve()
  readonly allItems = new Lru<Items>(8)
  readonly #lists = new Lru<Items>(MOST_ITEMS, ({ length }) => length + LIST_WEIGHT)
  readonly #ends = new Lru<EndRecord>(MOST_ENDS, ({ items }) => items.length + END_WEIGHT)
  readonly #code = new Lru<Code>(1024)
  readonly #keyBases = new Map<string, string | undefined>()
  readonly #store: ArtifactStore
  readonly #bus: EventBus

  constructor(plan: Plan, store: ArtifactStore, bus: EventBus, { cancel, busy, announced }: Kept) {
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

  /** Hears of every task whose ending is recorded. */
  async readEnds(): Promise<void> {
    this.isTakenForNew = false
    const files = await this.#store.children(this.at.ends(this.plan.run))
    await forEachConcurrently(files, async (file) => {
      const task = this.at.taskOf(file)
      this.state.end(task, await this.end(task))
    })
  }

  end(task: string): Promise<EndRecord> {
    const path = this.at.end(this.plan.run, task)
    return this.#ends.get(task, async () => {
      const end = await readRecord<EndRecord>(this.#store, path)
      if (!end) throw new CairnError('NOT_FOUND', `${path} is gone`, { next: 'cairn doctor' })
      return end
    })
  }

  /** The terminal record of a task that may not have ended yet. */
  async standing(task: string): Promise<EndRecord | undefined> {
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

  /** The local file of an object; brought back when garbage collection had set it aside. */
  async fetch({ digest }: ArtifactRef): Promise<string> {
    const path = this.at.object(digest)
    const found = await this.#store.fetch(path)
    if (found !== undefined) return found
    if (await this.#store.move(this.at.trash(digest), path)) return this.fetch({ digest, size: 0 })
    throw new CairnError('NOT_FOUND', `object ${digest} is not in the store`, {
      next: 'cairn doctor --repair takes what names it out of use; the next run then computes it again',
    })
  }

  code(pinned: PinnedClosure): Promise<Code> {
    const { fingerprint, digest, packages } = pinned
    return this.#code.get(codeName(pinned), async () => {
      const found = await storedAs(pinned, async (name): Promise<Code | undefined> => {
        const files = [this.at.code(name), this.at.manifest(name)]
        const [path, manifest] = await Promise.all(files.map((file) => this.#store.fetch(file)))
        if (path === undefined) return undefined
        return { fingerprint, digest, ...(packages && { packages }), name: codeName(name), path, manifest }
      })
      if (found) return found
      throw new CairnError('NOT_FOUND', `the code ${fingerprint} that the run was planned with is not in the store`)
    })
  }

  /** What the keys of a step's items have in common; undefined for code without a fingerprint. */
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
