import type { RunLimits } from '@cairn/workspace'
import type { QueuedRun } from '@cairn/records'

/** A limit that leaves no room for a run. */
export interface ReachedLimit {
  readonly of: 'pipeline' | 'environment'
  readonly name: string
  /** So many runs go on at once. */
  readonly runs: number
}

/** What room limits leave beside the runs that go on. */
export class Room {
  readonly #env: string
  readonly #limits: RunLimits
  readonly #going = new Map<string, number>()
  #all = 0

  constructor(env: string, limits: RunLimits, going: readonly QueuedRun[]) {
    this.#env = env
    this.#limits = limits
    for (const run of going) this.take(run)
  }

  /** Counts a run as one that goes on. */
  take({ pipeline }: Pick<QueuedRun, 'pipeline'>): void {
    this.#going.set(pipeline, this.#goingOf(pipeline) + 1)
    this.#all++
  }

  /** What leaves no room for another run of the pipeline: its own limit, or else that of the environment. */
  reached({ pipeline }: Pick<QueuedRun, 'pipeline'>): ReachedLimit | undefined {
    const { environment, of } = this.#limits
    const own = of(pipeline)
    if (own !== undefined && this.#goingOf(pipeline) >= own) return { of: 'pipeline', name: pipeline, runs: own }
    if (environment !== undefined && this.#all >= environment)
      return { of: 'environment', name: this.#env, runs: environment }
    return undefined
  }

  #goingOf(pipeline: string): number {
    return this.#going.get(pipeline) ?? 0
  }
}

/** Whether any limit is set that a pipeline's runs count against. */
export function isLimited({ environment, of }: RunLimits, pipeline: string): boolean {
  return environment !== undefined || of(pipeline) !== undefined
}
