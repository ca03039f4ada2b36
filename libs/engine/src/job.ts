import type { FailedAttempt, Outcome, PlannedStep, PlannedStepNode } from '@cairn/records'
import type { RunContext } from './run-context.ts'
import type { Host } from './host.ts'
import type { SingleFlight } from './single-flight.ts'
import type { Leases } from './lease.ts'

/** A step's task to run. Nothing in it changes; each function returns what it found out. */
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
}

/** By item index. */
export type Outcomes = ReadonlyMap<number, Outcome>
/** Unusable checkpoints to replace, by item index. */
export type Stale = ReadonlyMap<number, Uint8Array>

/** The outcomes of items, and the attempts that were made to compute them. */
export interface Computed {
  readonly outcomes: Outcomes
  readonly attempts: number
  /** Errors of the attempts that were retried. */
  readonly failures: readonly FailedAttempt[]
}

/** The outcome of each item of a task, in order. */
export interface Result extends Omit<Computed, 'outcomes'> {
  readonly items: readonly Outcome[]
}
