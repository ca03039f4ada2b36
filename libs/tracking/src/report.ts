import type { RunName } from './ids.ts'

/** What the watcher tells the thread that exports: plain data, in milliseconds since 1970 and bytes. */
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
  /** The run that it stands on. */
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
  /** What it stored outside its attempts: its terminal record. */
  readonly commit: Effort
  readonly sends: SendReport[]
  endedAt: number
  /** Undefined where the host gave the task up, to be taken up again. */
  ending: Ending | undefined
  error: Fault | undefined
}

/** A task that another waited for, maybe of another run. */
export interface Need {
  readonly run: string
  readonly task: string
}
/** The event that called for a task. */
export interface Cause {
  readonly id: string
  readonly type: string
  readonly at: number
  readonly topic: string
  readonly traceparent: string | undefined
}
export interface Ending {
  readonly status: string
  /** Whether it is the ending that counts: another host may have been faster. */
  readonly stands: boolean
  /** Numbers of items by what became of them. */
  readonly items: Readonly<Record<string, number>>
  /** Durations of the bodies. */
  readonly ms: readonly number[]
  readonly written: number
  /** Codes of the errors that were tried again. */
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
  readonly fetch: Effort
  readonly commit: Effort
  endedAt: number | undefined
  /** `lost`: its host left no result of it. */
  result: 'done' | 'failed' | 'lost'
  error: Fault | undefined
}
/** Work of one sort, taken together. */
export interface Effort {
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
  /** Of each event its type and id. */
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

/** A partition that stands still, or goes on. */
export interface StandstillReport {
  readonly about: 'standstill'
  readonly topic: string
  readonly group: string
  readonly partition: number
  readonly isOver: boolean
}

/** A pipeline whose store was collected. */
export interface CollectionReport {
  readonly about: 'collection'
  readonly pipeline: string
  readonly runs: number
  readonly deleted: number
  readonly freed: number
}

/** How many runs of a pipeline go on, and wait for their turn. */
export interface QueueReport {
  readonly about: 'queue'
  readonly pipeline: string
  readonly running: number
  readonly waiting: number
}

/** A run that has become the one in production. */
export interface PromotionReport {
  readonly about: 'promotion'
  readonly pipeline: string
}

/** Reports that were not made, because the thread did not keep up. */
export interface DroppedReport {
  readonly about: 'dropped'
  readonly count: number
}
