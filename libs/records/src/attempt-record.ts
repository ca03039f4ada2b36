import type { ErrorRecord } from './error-record.ts'

export interface AttemptRecord {
  readonly v: number
  readonly startedAt: number
  readonly host: string
}

/** A host cannot run a task for what it lacks, and has left it to others. */
export interface UnfitRecord {
  readonly v: number
  readonly task: string
  readonly at: number
  readonly host: string
  readonly error: ErrorRecord
}
