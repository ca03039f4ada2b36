import { channel, tracingChannel, type TracingChannel } from 'node:diagnostics_channel'
import type { ArtifactRef } from '@cairn/kernel'
import type { GcReport } from './gc-report.ts'
import type { CairnEvent } from './events.ts'
import type { Plan } from './plan-record.ts'
import type { AttemptRecord } from './attempt-record.ts'

/**
 * Where those who watch (tracing, metrics, progress) listen, so that nothing that runs has to know of them. What is
 * published is read-only, but for the `headers` of an event about to be sent. Unheard, a channel costs next to nothing.
 */
export const channels = {
  /**
   * A task at work in a process, from the event that called for it until its ending is told. Results in its record; in
   * nothing when it is handed on to another host.
   */
  task: tracingChannel<string, TaskMessage>('cairn:task'),
  /** An attempt that was begun before, by a host that has left no result of it. */
  earlier: channel('cairn:earlier') as Channel<EarlierMessage>,
  /** A task's bodies running: one attempt. Results in the errors of the items that failed. */
  compute: tracingChannel<string, AttemptMessage>('cairn:compute'),
  /** An input being brought to where bodies run. */
  fetch: tracingChannel<string, FetchMessage>('cairn:fetch'),
  /** What a task made, or its terminal record, being stored. */
  commit: tracingChannel<string, AboutTask>('cairn:commit'),
  /** Events being sent: the one place where a watcher may add to their headers. */
  publish: tracingChannel<string, PublishMessage>('cairn:publish'),
  /** A pipeline was collected. */
  collection: channel('cairn:collection') as Channel<CollectionMessage>,
  /** How many runs of a pipeline go on, and wait, where limits are set. */
  queue: channel('cairn:queue') as Channel<QueueMessage>,
  /** What step bodies print, line by line. */
  output: channel('cairn:output') as Channel<OutputMessage>,
  /** A run has become the one in production. */
  promotion: channel('cairn:promotion') as Channel<CairnEvent>,
  /** A message that a group could not handle, and that is given up. */
  deadLetter: channel('cairn:dead-letter') as Channel<DeadLetterMessage>,
  /** A partition in which nothing goes on until something outside its events is well again; and its going on. */
  standstill: channel('cairn:standstill') as Channel<StandstillMessage>,
}

/** Does work and traces it to those who listen; where no one does, not even the message is made. */
export function traced<Message extends object, Result>(
  to: TracingChannel<string, Message>,
  message: () => Message,
  work: () => Promise<Result>,
): Promise<Result> {
  return to.hasSubscribers ? to.tracePromise(work, message()) : work()
}

export interface AboutTask {
  readonly plan: Plan
  readonly task: string
}
export interface TaskMessage extends AboutTask {
  readonly host: string
  /** The event that made it ready, or that ended it early. */
  readonly cause: CairnEvent
  /** The tasks that it waited for. */
  readonly needs: readonly string[]
}
export interface QueueMessage {
  readonly pipeline: string
  readonly running: number
  readonly waiting: number
}
export interface EarlierMessage extends AboutTask {
  readonly attempt: number
  readonly record: AttemptRecord
}
export interface AttemptMessage extends AboutTask {
  readonly attempt: number
}
export interface FetchMessage extends AboutTask {
  readonly ref: ArtifactRef
}
export interface PublishMessage {
  readonly plan: Plan
  readonly topic: string
  /** What the bus runs over. */
  readonly system: string | undefined
  readonly events: readonly CairnEvent[]
}
export interface OutputMessage {
  readonly run: string
  /** The task. */
  readonly node: string
  readonly attempt: number
  /** Of a task inside an `each`: the item, by its place among all items. */
  readonly item?: string
  readonly stream: 'stdout' | 'stderr'
  readonly line: string
}
export interface DeadLetterMessage {
  readonly topic: string
  readonly group: string
  /** Undefined for what is no event. */
  readonly event: CairnEvent | undefined
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
  /** In milliseconds since 1970. */
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
