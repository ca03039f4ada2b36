import type { RunLimits } from '@cairn/workspace'
import type { QueuedRun } from '@cairn/records'

/** A limit that is reached. */
export interface ReachedLimit {
  readonly of: 'pipeline' | 'environment'
  readonly name: string
  /** Maximum number of concurrent runs. */
  readonly runs: number
}

/** Remaining capacity under the limits. */
export class QueueCapacity {
  readonly #env: string
  readonly #limits: RunLimits
  readonly #running = new Map<string, number>()
  #total = 0

  constructor(env: string, limits: RunLimits, running: readonly QueuedRun[]) {
    this.#env = env
    this.#limits = limits
    for (const run of running) this.take(run)
  }

  /** Counts a run as running. */
  take({ pipeline }: Pick<QueuedRun, 'pipeline'>): void {
    this.#running.set(pipeline, this.#runningOf(pipeline) + 1)
    this.#total++
  }

  /** The limit that prevents another run of the pipeline: its own, or else that of the environment. */
  reached({ pipeline }: Pick<QueuedRun, 'pipeline'>): ReachedLimit | undefined {
    const { environment, of } = this.#limits
    const own = of(pipeline)
    if (own !== undefined && this.#runningOf(pipeline) >= own) return { of: 'pipeline', name: pipeline, runs: own }
    if (environment !== undefined && this.#total >= environment)
      return { of: 'environment', name: this.#env, runs: environment }
    return undefined
  }

  #runningOf(pipeline: string): number {
    return this.#running.get(pipeline) ?? 0
  }
}

/** Whether any limit applies to a pipeline's runs. */
export function isLimited({ environment, of }: RunLimits, pipeline: string): boolean {
  return environment !== undefined || of(pipeline) !== undefined
}
