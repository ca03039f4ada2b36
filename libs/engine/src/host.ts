import type { CairnError } from '@cairn/kernel'
import type { Compute, EventBus, Identity, PublicKeys } from '@cairn/records'
import type { LeaseHolder } from './lease.ts'

/** The configuration of a process that runs steps. */
export interface Host extends LeaseHolder {
  readonly bus: EventBus
  readonly compute: Compute
  /** The identity that signs the checkpoints it computes. Without it, they are not signed. */
  readonly identity?: Identity
  /**
   * Public keys of those whose plans it runs.
   *
   * @default plans are not verified
   */
  readonly planSigners?: PublicKeys
  /** Whether another process takes over the runs of this one when it dies. Attempts are then counted in the store. */
  readonly hasSuccessor: boolean
  /**
   * The steps whose tasks it runs, when other hosts run the rest.
   *
   * @default all steps
   */
  readonly steps?: ReadonlySet<string>
  /**
   * Takes a lease only after work has run this long, in milliseconds, because a lease can cost as much as short work.
   *
   * @default a lease is taken before the work starts
   */
  readonly leaseAfterMs?: number
  /** Returns the longest recent call of a step's body in milliseconds; undefined when unknown. */
  readonly longestRecentMs?: (step: string) => number | undefined
  /**
   * Time in milliseconds after which a body without a timeout is reported as still running.
   *
   * @default never
   */
  readonly stillWaitingAfterMs?: number
  /** Called when a task is handed over to another host, or to this one later, with the reason. */
  readonly onHandOver?: (task: string, why: CairnError) => void
  /**
   * Maximum number of idle runs in the cache.
   *
   * @default 64
   */
  readonly maxIdleRuns?: number
}
