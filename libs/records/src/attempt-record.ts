import type { ErrorRecord } from './error-record.ts'

export interface AttemptRecord {
  readonly v: number
  readonly startedAt: number
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
