import { channel, tracingChannel, type TracingChannel } from 'node:diagnostics_channel'
import type { ArtifactRef } from '@cairn/kernel'
import type { GcReport } from './gc-report.ts'
import type { CairnEvent } from './events.ts'
import type { Plan } from './plan-record.ts'
import type { AttemptRecord } from './attempt-record.ts'
import type { EndRecord } from './end-record.ts'
import type { ErrorRecord } from './error-record.ts'

/**
 * The channels that tracing, metrics and progress subscribe to, so that the running code does not depend on them.
 * Messages are read-only, except the `headers` of an event that is about to be sent. A channel without subscribers
 * costs almost nothing.
 */
export const channels = {
  /**
   * A task that a process works on, from the event that triggered it until its end is published. The result is the
   * task's record, or undefined when the task is handed over to another host.
   */
  task: tracedChannel<TaskMessage, EndRecord | undefined>('cairn:task'),
  /** An attempt that a host started earlier without leaving a result. */
  earlier: channel('cairn:earlier') as Channel<EarlierMessage>,
  /** One attempt: the step bodies of a task run. The result has the errors of the items that failed, by index. */
  compute: tracedChannel<AttemptMessage, { readonly errors: ReadonlyMap<number, ErrorRecord> }>('cairn:compute'),
  /** An input is fetched to where step bodies run. */
  fetch: tracedChannel<FetchMessage, string>('cairn:fetch'),
  /** The outputs of a task, or its terminal record, are stored. */
  commit: tracedChannel<AboutTask, unknown>('cairn:commit'),
  /** Events are sent. This is the only place where a subscriber may add headers to them. */
  publish: tracedChannel<PublishMessage, void>('cairn:publish'),
  /** Garbage was collected for a pipeline. */
  collection: channel('cairn:collection') as Channel<CollectionMessage>,
  /** How many runs of a pipeline are running and waiting, where limits are set. */
  queue: channel('cairn:queue') as Channel<QueueMessage>,
  /** Output of step bodies, line by line. */
  output: channel('cairn:output') as Channel<OutputMessage>,
  /** A run was put into production. */
  promotion: channel('cairn:promotion') as Channel<CairnEvent>,
  /** A message that a group could not handle and has given up on. */
  deadLetter: channel('cairn:dead-letter') as Channel<DeadLetterMessage>,
  /** A partition is blocked until something other than its events recovers; or it has resumed. */
  standstill: channel('cairn:standstill') as Channel<StandstillMessage>,
}

/** A channel for work, with the type of the work's result. */
export interface TracedChannel<Message extends object, Result> extends TracingChannel<string, Message> {
  /** Never set: it exists for the type. */
  readonly result?: Result
}

/** What subscribers get when work has ended: its message, and its result or error. */
export type Ended<Message, Result> = Message & { readonly result?: Result; readonly error?: unknown }

function tracedChannel<Message extends object, Result>(name: string): TracedChannel<Message, Result> {
  return tracingChannel<string, Message>(name)
}

/** Traces work on a channel. Without subscribers, the message is not even created. */
export function traced<Message extends object, Result, Made extends Result>(
  to: TracedChannel<Message, Result>,
  message: () => Message,
  work: () => Promise<Made>,
): Promise<Made> {
  return to.hasSubscribers ? to.tracePromise(work, message()) : work()
}

/** The task that a message is about. */
export interface AboutTask {
  readonly plan: Plan
  /** The task's name: `<node>` or `<node>/<batch>`. */
  readonly task: string
}
/** A task that a process works on. */
export interface TaskMessage extends AboutTask {
  /** The process that works on it. */
  readonly host: string
  /** The event that made the task ready, or ended it early. */
  readonly cause: CairnEvent
  /** The tasks that this task waited for. */
  readonly needs: readonly string[]
}
export interface QueueMessage {
  readonly pipeline: string
  readonly running: number
  readonly waiting: number
}
/** An attempt that another process started without leaving a result. */
export interface EarlierMessage extends AboutTask {
  /** Number of that attempt, from 1. */
  readonly attempt: number
  readonly record: AttemptRecord
}
/** An attempt at a task. */
export interface AttemptMessage extends AboutTask {
  /** Number of the attempt, from 1. */
  readonly attempt: number
}
/** An input of a task that is fetched. */
export interface FetchMessage extends AboutTask {
  readonly ref: ArtifactRef
}
/** Events of a run that are sent. */
export interface PublishMessage {
  readonly plan: Plan
  readonly topic: string
  /** The system behind the bus, such as `kafka`. */
  readonly system: string | undefined
  readonly events: readonly CairnEvent[]
}
/** A line that a step body printed, or that Cairn prints about its task. Secrets are masked. */
export interface OutputMessage {
  readonly run: string
  /** The task's name. */
  readonly node: string
  /** Number of the attempt, from 1. */
  readonly attempt: number
  /** Inside an `each`: the item, by its position among all items. */
  readonly item?: string
  readonly stream: 'stdout' | 'stderr'
  readonly line: string
}
/** A message that a group has given up on. */
export interface DeadLetterMessage {
  readonly topic: string
  readonly group: string
  /** Undefined when the message is not a valid event. */
  readonly event: CairnEvent | undefined
  /** What the handler threw last, or why the message is not a valid event. */
  readonly error: unknown
}

export interface CollectionMessage {
  readonly env: string
  readonly pipeline: string
  readonly report: GcReport
}
export interface StandstillMessage {
  readonly topic: string
  readonly group: string
  readonly partition: number
  readonly offset: number
  /** The id of the event that waits. */
  readonly event: string | undefined
  /** Milliseconds since 1970. */
  readonly since: number
  readonly reason: string
  readonly isOver: boolean
}

interface Channel<Message> {
  readonly hasSubscribers: boolean
  publish(message: Message): void
  subscribe(listener: (message: Message) => void): void
  unsubscribe(listener: (message: Message) => void): void
}
