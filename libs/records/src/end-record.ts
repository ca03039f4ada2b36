import type { ErrorRecord } from './error-record.ts'
import type { ArtifactRef } from '@cairn/kernel'

export type TaskStatus = 'completed' | 'failed' | 'timed-out' | 'cancelled' | 'skipped' | 'blocked'

/** What became of one item of a task: of the task itself, or of one item of a batch. */
export type Outcome =
  | {
      readonly status: 'completed'
      readonly how: 'computed' | 'reused' | 'caught' | 'joined'
      readonly key?: string
      readonly outputs: Readonly<Record<string, ArtifactRef>>
      readonly ms?: number
      /** The error of the last attempt, where its step's `catch` went on after it. */
      readonly caught?: ErrorRecord
    }
  | { readonly status: 'failed' | 'timed-out' | 'cancelled'; readonly error: ErrorRecord; readonly key?: string }
  /** `because`: the node that decided it, with its item where it is inside an `each`: `score/3`. */
  | { readonly status: 'skipped' | 'blocked'; readonly because: string }

/** The one terminal record of a task. */
export interface EndRecord {
  readonly v: number
  readonly status: TaskStatus
  /** One for a plain task, one an item for a batch. */
  readonly items: readonly Outcome[]
  /** What decides how the run goes on: of each list output its length, of each boolean one 1 or 0, for every item. */
  readonly counts: Readonly<Record<string, readonly number[]>>
  readonly attempts: number
  /** Errors of the attempts that were tried again. */
  readonly failures?: readonly FailedAttempt[]
  readonly startedAt: number
  readonly endedAt: number
  readonly host: string
}

/** An attempt that was followed by another; earlier versions kept neither its number nor whose it was. */
export interface FailedAttempt extends ErrorRecord {
  readonly attempt?: number
  /** Of several items, which one failed. */
  readonly index?: number
}

export type RunStatus = 'completed' | 'failed' | 'cancelled'
export interface RunEnd {
  readonly v: number
  readonly status: RunStatus
  readonly endedAt: number
  readonly host: string
}
