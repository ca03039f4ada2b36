import { CairnError } from '@cairn/kernel'
import {
  mapConcurrently,
  decodeRecord,
  encodeRecord,
  layout,
  queueLayout,
  RECORD_VERSION,
  type ArtifactStore,
  type QueuedRun,
  type QueueLayout,
} from '@cairn/records'

/** The running runs. Limits are enforced by this one record, which only changes by compare-and-set. */
interface Running {
  readonly v: number
  readonly runs: readonly QueuedRun[]
}
/** The content of the record when it was read. */
export interface ReadRunning {
  readonly runs: readonly QueuedRun[]
  readonly bytes: Uint8Array | undefined
  readonly isDamaged?: true
}

/** The stored queue of an environment. */
export class QueueRecords {
  readonly at: QueueLayout
  readonly #env: string
  readonly #store: ArtifactStore

  constructor(env: string, store: ArtifactStore) {
    this.at = queueLayout(env)
    this.#env = env
    this.#store = store
  }

  async enter(run: QueuedRun): Promise<void> {
    const path = this.at.ticket(run)
    await this.#store.create(path, encodeRecord({ v: RECORD_VERSION }, path))
  }

  leave(run: QueuedRun): Promise<void> {
    return this.#store.remove(this.at.ticket(run))
  }

  /** Oldest first by the store's clock, as names of runs depend on the clocks of different processes. */
  async waiting(): Promise<QueuedRun[]> {
    const found: { readonly run: QueuedRun; readonly path: string; readonly modified: number }[] = []
    for await (const { path, modified } of this.#store.list(this.at.waiting)) {
      const run = this.at.runOf(path)
      if (run) found.push({ run, path, modified })
    }
    found.sort((one, other) => one.modified - other.modified || (one.path < other.path ? -1 : 1))
    return found.map(({ run }) => run)
  }

  /** A damaged record counts as empty: its runs are found again as runs without a ticket. */
  async running(): Promise<ReadRunning> {
    const bytes = await this.#store.read(this.at.running)
    if (!bytes) return { bytes, runs: [] }
    try {
      return { bytes, runs: decodeRecord<Running>(bytes, this.at.running).runs }
    } catch (error) {
      if (error instanceof CairnError && error.code === 'BAD_RECORD') return { bytes, runs: [], isDamaged: true }
      throw error
    }
  }

  /** The runs that have not ended. A run whose records were removed does not count. */
  async unended({ runs }: ReadRunning): Promise<QueuedRun[]> {
    const open = new Set<QueuedRun>()
    await mapConcurrently(runs, async (of) => {
      const at = layout(this.#env, of.pipeline)
      const hasEnded = (await this.#store.stat(at.runEnd(of.run))) !== undefined
      if (!hasEnded && (await this.#store.stat(at.plan(of.run)))) open.add(of)
    })
    return runs.filter((run) => open.has(run))
  }

  /** Writes the running runs, if the record has not changed since. @returns whether it was written */
  async writeRunning({ bytes, runs: before, isDamaged }: ReadRunning, runs: readonly QueuedRun[]): Promise<boolean> {
    const isSame = !isDamaged && runs.length === before.length && runs.every((run, at) => run === before[at])
    if (isSame) return true
    const record: Running = { v: RECORD_VERSION, runs }
    return this.#store.replace(this.at.running, bytes, encodeRecord(record, this.at.running))
  }
}
