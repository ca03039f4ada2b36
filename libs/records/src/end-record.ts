import type { ErrorRecord } from './error-record.ts'
import type { ArtifactRef } from '@cairn/kernel'

/** How a task ended. `skipped`: its arm was not taken. `blocked`: something that it needs has no value. */
export type TaskStatus = 'completed' | 'failed' | 'timed-out' | 'cancelled' | 'skipped' | 'blocked'

/** The outcome of one item of a task. A plain task has one item, a batch one for each item. */
export type Outcome =
  | {
      readonly status: 'completed'
      readonly how: 'computed' | 'reused' | 'caught' | 'joined'
      readonly key?: string
      readonly outputs: Readonly<Record<string, ArtifactRef>>
      readonly ms?: number
      /** The error of the last attempt, which the step's `catch` handled. */
      readonly caught?: ErrorRecord
    }
  | { readonly status: 'failed' | 'timed-out' | 'cancelled'; readonly error: ErrorRecord; readonly key?: string }
  /** `because` names the node that caused it, with the item if it is inside an `each`: `score/3`. */
  | { readonly status: 'skipped' | 'blocked'; readonly because: string }

/** The terminal record of a task. A task has only one. */
export interface EndRecord {
  readonly v: number
  readonly status: TaskStatus
  /** One outcome for a plain task, one for each item of a batch. */
  readonly items: readonly Outcome[]
  /**
   * What routing decisions need: for every item, the length of each list output, and 1 or 0 for each boolean output.
   */
  readonly counts: Readonly<Record<string, readonly number[]>>
  readonly attempts: number
  /** Errors of the attempts that were retried. */
  readonly failures?: readonly FailedAttempt[]
  readonly startedAt: number
  readonly endedAt: number
  readonly host: string
}

/** An attempt that was retried. */
export interface FailedAttempt extends ErrorRecord {
  readonly attempt: number
  /** Index of the item that failed, when there are several. */
  readonly index?: number
}

/** How a run ended. */
export type RunStatus = 'completed' | 'failed' | 'cancelled'
/** The terminal record of a run. A run has only one; without it, the run has not ended. */
export interface RunEnd {
  readonly v: number
  readonly status: RunStatus
  /** Milliseconds since 1970. */
  readonly endedAt: number
  /** The process that wrote the record. */
  readonly host: string
}
