import type { CairnError } from '@cairn/kernel'
import type { Compute, EventBus, Identity, PublicKeys } from '@cairn/records'
import type { LeaseHolder } from './lease.ts'

/** What a process that runs steps is made of. */
export interface Host extends LeaseHolder {
  readonly bus: EventBus
  readonly compute: Compute
  /** As whom it vouches for what it computes. */
  readonly identity?: Identity
  /** Whose plans it runs. Default: any, whoever made it. */
  readonly plansBy?: PublicKeys
  /** Whether another process takes up the runs of this one when it dies: then attempts are counted in the store. */
  readonly hasSuccessor: boolean
  /** The steps whose tasks it runs, where others run the rest. Default: all. */
  readonly steps?: ReadonlySet<string>
  /** Take a lease only for work that goes on for so long, in milliseconds: where a lease costs as much as short work. */
  readonly leaseAfterMs?: number
  /** How long a call of a step's body took lately at most, in milliseconds, where that is known. */
  readonly lately?: (step: string) => number | undefined
  /** After so long, in milliseconds, it is said that a body without a time-out is still waited for. Default: never. */
  readonly stillWaitingAfterMs?: number
  /** Reply of each task that is left to another host, or to this one later, and why. */
  readonly onLeft?: (task: string, why: CairnError) => void
  /** How many runs are remembered while nothing of them is in hand. */
  readonly rememberedRuns?: number
}
