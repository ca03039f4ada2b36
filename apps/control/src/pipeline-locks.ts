import { CairnError } from '@cairn/kernel'
import { layout, type ArtifactStore, type Clock } from '@cairn/records'
import { Leases } from '@cairn/engine'

export interface PipelineLocksHost {
  readonly env: string
  readonly store: ArtifactStore
  readonly clock: Clock
  readonly name: string
}

/** Longer than the lease of a dead process is valid. */
const WAIT_MS = 20_000

/** Ensures that a pipeline is collected or checked by one process at a time, across copies of control. */
export class PipelineLocks {
  readonly #host: PipelineLocksHost
  readonly #leases: Leases

  constructor(host: PipelineLocksHost) {
    this.#host = host
    this.#leases = new Leases(host)
  }

  /**
   * @param work called with the path of its lease
   * @throws CairnError CONFLICT while another process holds the lease
   */
  async run<Result>(pipeline: string, work: (lease: string) => Promise<Result>): Promise<Result> {
    const { env, clock } = this.#host
    const lease = layout(env, pipeline).lease('collection')
    const since = clock.monotonic()
    const shouldStop = async () => clock.monotonic() - since > WAIT_MS
    if (!(await this.#leases.acquire(lease, shouldStop, new AbortController().signal)))
      throw new CairnError('CONFLICT', `another collection or check of ${pipeline} is in progress in ${env}`, {
        next: 'run the command again later',
      })
    try {
      return await work(lease)
    } finally {
      await this.#leases.release(lease)
    }
  }

  stop(): void {
    this.#leases.stop()
  }
}
