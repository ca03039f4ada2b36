import type { FailedAttempt, Outcome, PlannedStep, PlannedStepNode } from '@cairn/records'
import type { RunContext } from './run-context.ts'
import type { Host } from './host.ts'
import type { SingleFlight } from './single-flight.ts'
import type { Leases } from './lease.ts'

/** A step's task at work. */
export interface Job {
  readonly host: Host
  readonly leases: Leases
  readonly singleFlight: SingleFlight
  readonly run: RunContext
  readonly task: string
  readonly node: PlannedStepNode
  readonly step: PlannedStep
  /** Whether results are kept, and looked for. */
  readonly cached: boolean
  /** By item. */
  readonly outcomes: Map<number, Outcome>
  /** Checkpoints that were found unusable, to be replaced; by item. */
  readonly stale: Map<number, Uint8Array>
  attempts: number
  /** Errors of the attempts that were followed by another. */
  readonly failures: FailedAttempt[]
}
