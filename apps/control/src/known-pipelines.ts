import { CairnError } from '@cairn/kernel'
import { pipelineNames, type ArtifactStore } from '@cairn/records'

interface KnownPipelinesHost {
  readonly env: string
  readonly store: Pick<ArtifactStore, 'children'>
  /** Looks in the project. @throws CairnError NOT_FOUND if it has no such pipeline */
  lookUp(pipeline: string): Promise<void>
}

/** How long an unknown name is cached, in milliseconds. */
const ABSENT_MS = 5_000
const MAX_ABSENT = 1_000

/** Checks whether a pipeline exists, in the store or in the project. */
export class KnownPipelines {
  readonly #host: KnownPipelinesHost
  #known: ReadonlySet<string> = new Set()
  readonly #absent = new Map<string, { readonly until: number; readonly error: unknown }>()

  constructor(host: KnownPipelinesHost) {
    this.#host = host
  }

  /** @throws CairnError NOT_FOUND if there is no such pipeline */
  async require(pipeline: string): Promise<void> {
    if (this.#known.has(pipeline)) return
    const absent = this.#absent.get(pipeline)
    if (absent && performance.now() < absent.until) throw absent.error
    const { env, store } = this.#host
    this.#known = new Set(await pipelineNames(store, env))
    if (this.#known.has(pipeline)) return
    try {
      await this.#host.lookUp(pipeline)
    } catch (error) {
      if (error instanceof CairnError && error.code === 'NOT_FOUND') this.#cacheAbsent(pipeline, error)
      throw error
    }
  }

  #cacheAbsent(pipeline: string, error: unknown): void {
    if (this.#absent.size >= MAX_ABSENT) this.#absent.clear()
    this.#absent.set(pipeline, { until: performance.now() + ABSENT_MS, error })
  }
}
