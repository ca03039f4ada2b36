import type { RunName } from './ids.ts'

/** Messages of the watcher to the export thread: plain data. Times are milliseconds since 1970, sizes bytes. */
export type Report =
  | RunReport
  | TaskReport
  | SendReport
  | LineReport
  | DeadLetterReport
  | CollectionReport
  | QueueReport
  | StandstillReport
  | PromotionReport
  | DroppedReport

export interface RunReport {
  readonly about: 'run'
  readonly run: RunName
  /** The run whose outputs it reuses. */
  readonly parent: string | undefined
  readonly startedAt: number
  readonly endedAt: number
  readonly status: string
}

export interface TaskReport {
  readonly about: 'task'
  readonly run: RunName
  readonly task: string
  readonly node: string
  readonly batch: string
  readonly type: string
  readonly step: string | undefined
  readonly host: string
  readonly needs: readonly Need[]
  readonly cause: Cause
  readonly startedAt: number
  readonly attempts: AttemptReport[]
  /** Writes outside attempts: the terminal record of the task. */
  readonly commit: OperationTotals
  readonly sends: SendReport[]
  endedAt: number
  /** Undefined when the host gave up the task, so that another host continues. */
  ending: Ending | undefined
  error: Fault | undefined
}

/** A task that another task waited for, possibly of another run. */
export interface Need {
  readonly run: string
  readonly task: string
}
/** The event that made a task ready. */
export interface Cause {
  readonly id: string
  readonly type: string
  readonly at: number
  readonly topic: string
  readonly traceparent: string | undefined
}
export interface Ending {
  readonly status: string
  /** Whether this host wrote the terminal record. Another host may have been faster. */
  readonly stands: boolean
  /** Numbers of items by result. */
  readonly items: Readonly<Record<string, number>>
  /** Durations of the step functions, in milliseconds. */
  readonly ms: readonly number[]
  readonly written: number
  /** Codes of the errors that were retried. */
  readonly retried: readonly string[]
}
export interface Fault {
  readonly code: string
  readonly message: string
}

export interface AttemptReport {
  readonly attempt: number
  readonly host: string
  readonly startedAt: number
  readonly fetch: OperationTotals
  readonly commit: OperationTotals
  endedAt: number | undefined
  /** `lost`: its host recorded no result. */
  result: 'done' | 'failed' | 'lost'
  error: Fault | undefined
}
/** Totals of operations of one kind: of fetches or commits. */
export interface OperationTotals {
  count: number
  bytes: number
  ms: number
  startedAt: number
  endedAt: number
}

export interface SendReport {
  readonly about: 'send'
  readonly run: RunName
  readonly spanId: string
  readonly topic: string
  readonly system: string
  /** Type and id of each event. */
  readonly types: readonly string[]
  readonly ids: readonly string[]
  readonly startedAt: number
  endedAt: number
  error: Fault | undefined
}

export interface LineReport {
  readonly about: 'line'
  readonly run: RunName | undefined
  readonly name: string
  readonly task: string
  readonly attempt: number
  readonly stream: 'stdout' | 'stderr'
  readonly line: string
  readonly at: number
}

export interface DeadLetterReport {
  readonly about: 'dead-letter'
  readonly topic: string
  readonly group: string
  readonly error: Fault
}

/** A partition that is blocked, or that continues. */
export interface StandstillReport {
  readonly about: 'standstill'
  readonly topic: string
  readonly group: string
  readonly partition: number
  readonly isOver: boolean
}

/** A finished collection of a pipeline. */
export interface CollectionReport {
  readonly about: 'collection'
  readonly pipeline: string
  readonly runs: number
  readonly deleted: number
  readonly freed: number
}

/** Numbers of running and waiting runs of a pipeline. */
export interface QueueReport {
  readonly about: 'queue'
  readonly pipeline: string
  readonly running: number
  readonly waiting: number
}

/** A promotion or a rollback. */
export interface PromotionReport {
  readonly about: 'promotion'
  readonly pipeline: string
}

/** The number of reports that were dropped because the export thread was too slow. */
export interface DroppedReport {
  readonly about: 'dropped'
  readonly count: number
}
