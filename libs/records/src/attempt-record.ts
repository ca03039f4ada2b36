import type { ErrorRecord } from './error-record.ts'

/**
 * The start of an attempt at a task. Where another host may take over, it is written before the body runs, so that an
 * attempt that kills its host counts.
 */
export interface AttemptRecord {
  readonly v: number
  /** Milliseconds since 1970. */
  readonly startedAt: number
  /** The process that runs the attempt. */
  readonly host: string
}

/** A host lacks what a task needs, and has handed the task on to other hosts. */
export interface UnfitRecord {
  readonly v: number
  readonly task: string
  readonly at: number
  readonly host: string
  readonly error: ErrorRecord
}
