import { channel, tracingChannel } from 'node:diagnostics_channel'
import type { CairnEvent } from './events.ts'
import type { Plan } from './plan-record.ts'

/**
 * Where those who watch (tracing, metrics, progress) listen, so that nothing that runs has to know of them. What is
 * published is read-only, but for the `headers` of an event about to be sent. Unheard, a channel costs next to nothing.
 */
export const channels = {
  /** A task from the moment it can run to its terminal record. */
  task: tracingChannel<string, TaskMessage>('cairn:task'),
  /** Its bodies running: one attempt. */
  compute: tracingChannel<string, AttemptMessage>('cairn:compute'),
  /** What it made being stored. */
  commit: tracingChannel<string, TaskMessage>('cairn:commit'),
  /** Events being sent: the one place where a watcher may add to their headers. */
  publish: tracingChannel<string, PublishMessage>('cairn:publish'),
  /** What step bodies print, line by line. */
  output: channel('cairn:output') as Channel<OutputMessage>,
}

export interface TaskMessage {
  readonly plan: Plan
  readonly task: string
}
export interface AttemptMessage extends TaskMessage {
  readonly attempt: number
}
export interface PublishMessage {
  readonly events: readonly CairnEvent[]
}
export interface OutputMessage {
  readonly run: string
  readonly node: string
  readonly stream: 'stdout' | 'stderr'
  readonly line: string
}

interface Channel<Message> {
  readonly hasSubscribers: boolean
  publish(message: Message): void
  subscribe(listener: (message: Message) => void): void
  unsubscribe(listener: (message: Message) => void): void
}
