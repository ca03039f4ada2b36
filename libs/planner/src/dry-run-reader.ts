import type { ArtifactRef } from '@cairn/kernel'
import {
  openManifest,
  artifactBytes,
  inlineBytes,
  layout,
  RECORD_VERSION,
  type Items,
  type Plan,
  type ArtifactStore,
  type EncodedArtifact,
  type EndRecord,
  type Outcome,
} from '@cairn/records'
import { Lru, countsOf, type Joined, type RunReader } from '@cairn/engine'

/** The records that a run would write, kept in memory only. */
export class DryRunReader implements RunReader {
  readonly at
  readonly allItems = new Lru<Items>(8)
  readonly #store: ArtifactStore
  readonly #ends = new Map<string, EndRecord>()
  readonly #lists = new Map<string, Items>()
  readonly #keyBases = new Map<string, string>()

  constructor(store: ArtifactStore, { env, pipeline }: Plan) {
    this.#store = store
    this.at = layout(env, pipeline)
  }

  async end(task: string): Promise<EndRecord> {
    return this.#ends.get(task)!
  }

  async items(list: ArtifactRef): Promise<Items> {
    let items = this.#lists.get(list.digest)
    if (!items) {
      const fetch = async () => (await this.#store.fetch(this.at.object(list.digest)))!
      this.#lists.set(list.digest, (items = openManifest(await artifactBytes(list, fetch))))
    }
    return items
  }

  keyBase(id: string, make: () => string): string {
    if (!this.#keyBases.has(id)) this.#keyBases.set(id, make())
    return this.#keyBases.get(id)!
  }

  record(task: string, items: readonly Outcome[]): EndRecord {
    const status = items.every((outcome) => outcome.status === 'completed') ? 'completed' : 'blocked'
    const counts = countsOf(items.map((outcome) => (outcome.status === 'completed' ? outcome.outputs : undefined)))
    const end: EndRecord = { v: RECORD_VERSION, status, items, counts, attempts: 0, startedAt: 0, endedAt: 0, host: '' }
    this.#ends.set(task, end)
    return end
  }

  /** Keeps the lists that an `each` would make, because they are not in the store. */
  joined(items: readonly Joined[]): Outcome[] {
    return items.map((outcome): Outcome => {
      if ('status' in outcome) return outcome.status === 'failed' ? { status: 'blocked', because: '' } : outcome
      const outputs = Object.entries(outcome.made).map(([name, made]) => [name, this.#remember(made)] as const)
      return { status: 'completed', how: 'joined', outputs: Object.fromEntries(outputs) }
    })
  }

  #remember({ ref, content }: EncodedArtifact): ArtifactRef {
    const bytes = content instanceof Uint8Array ? content : inlineBytes(ref)
    if (ref.items !== undefined && bytes) this.#lists.set(ref.digest, openManifest(bytes))
    return ref
  }
}
