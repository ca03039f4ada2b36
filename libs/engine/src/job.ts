import type { FailedAttempt, Outcome, PlannedStep, PlannedStepNode } from '@cairn/records'
import type { RunContext } from './run-context.ts'
import type { Host } from './host.ts'
import type { SingleFlight } from './single-flight.ts'
import type { Leases } from './lease.ts'

/** A step's task that is being run. */
export interface Job {
  readonly host: Host
  readonly leases: Leases
  readonly singleFlight: SingleFlight
  readonly run: RunContext
  readonly task: string
  readonly node: PlannedStepNode
  readonly step: PlannedStep
  /** Whether results are stored as checkpoints, and looked up. */
  readonly cached: boolean
  /** By item index. */
  readonly outcomes: Map<number, Outcome>
  /** Unusable checkpoints to replace, by item index. */
  readonly stale: Map<number, Uint8Array>
  attempts: number
  /** Errors of the attempts that were retried. */
  readonly failures: FailedAttempt[]
}
