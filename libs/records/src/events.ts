import type { Champion } from './champion-record.ts'
import type { Plan } from './plan-record.ts'
import type { EndRecord, RunEnd } from './end-record.ts'
import { errorLine, type ErrorRecord } from './error-record.ts'

/** The types of all events, without the prefix `cairn.` that they have in a CloudEvent. */
export const EVENT_TYPES = [
  'run-started',
  'run-cancelled',
  'ready',
  'attempt-started',
  'attempt-failed',
  'completed',
  'failed',
  'timed-out',
  'cancelled',
  'skipped',
  'blocked',
  'run-ended',
  'promoted',
] as const
/** The type of an event, without its prefix `cairn.`. */
export type EventType = (typeof EVENT_TYPES)[number]

/**
 * A CloudEvent (https://cloudevents.io, 1.0). It only hints that something is in the store: it carries ids, digests,
 * counts and error messages, never artifacts, and may arrive twice and in any order. The same occurrence always has the same id.
 */
export interface CairnEvent {
  readonly specversion: '1.0'
  readonly id: string
  readonly type: `cairn.${EventType}`
  /** `/<environment>/<pipeline>` */
  readonly source: string
  /** `<run>/<node>[/<batch>]` */
  readonly subject: string
  /** RFC 3339. */
  readonly time: string
  /** Determines the partition: events with the same key go to the same partition. */
  readonly partitionkey: string
  readonly data: EventData
  /** Passed on as message headers, such as `traceparent`. Cairn reads none of them. */
  readonly headers: Record<string, string>
}
/** The data of an event. Which optional fields it has depends on its type. */
export interface EventData {
  readonly env: string
  readonly pipeline: string
  readonly run: string
  readonly node?: string
  /** The number of the batch, inside an `each`. */
  readonly batch?: string
  readonly step?: string
  /** Number of the attempt, from 1. In `ready`: how often hosts that could not run the task have handed it on. */
  readonly attempt?: number
  /** Digest and size of each output. */
  readonly outputs?: Readonly<Record<string, { readonly digest: string; readonly size: number }>>
  readonly counts?: EndRecord['counts']
  /** Of a completed task outside every `each`: where its result came from, such as `computed` or `reused`. */
  readonly how?: string
  /** Of a run that ended: `completed`, `failed` or `cancelled`. */
  readonly status?: string
  readonly error?: Pick<ErrorRecord, 'code' | 'message'>
  /** Of a promotion: who promoted the run, which playground run it came from, and which run it replaced. */
  readonly by?: string
  readonly from?: string
  readonly previous?: string
}

/** The parts of a task's name. */
export interface Subject {
  readonly node: string
  /** The number of the batch; empty outside every `each`. */
  readonly batch: string
}

/** Formats a task's name: `<node>` or `<node>/<batch>`. */
export function taskName({ node, batch }: Subject): string {
  return batch === '' ? node : `${node}/${batch}`
}

/** Parses a task's name: `<node>` or `<node>/<batch>`. The inverse of `taskName`. */
export function parseTask(task: string): Subject {
  const slash = task.indexOf('/')
  return slash < 0 ? { node: task, batch: '' } : { node: task.slice(0, slash), batch: task.slice(slash + 1) }
}

/** Formats an item's name for paths, logs and records: `3`, or `3.0` inside two nested `each` nodes. */
export function itemName({ indices }: { readonly indices: readonly number[] }): string {
  return indices.join('.')
}

/** Formats an event's subject: a run, or a task of a run. */
export function subjectOf({ run, node, batch = '' }: Pick<EventData, 'run' | 'node' | 'batch'>): string {
  return node === undefined ? run : `${run}/${taskName({ node, batch })}`
}

/** Name of the topic of a pipeline's events: `cairn.<env>.<pipeline>`. */
export function topicOf({ env, pipeline }: Pick<Plan, 'env' | 'pipeline'>): string {
  return `cairn.${env}.${pipeline}`
}

/** Name of the topic on which cancellations reach every host of an environment, even a busy one. */
export function controlTopicOf({ env }: Pick<Plan, 'env'>): string {
  return `cairn.${env}.control`
}

/**
 * Creates the event that says a run started, was cancelled or ended. The same run and type always give the same id.
 *
 * @param now time of the event in milliseconds since 1970
 * @param end the end of the run, for `run-ended`
 */
export function runEvent(
  plan: Plan,
  type: 'run-started' | 'run-cancelled' | 'run-ended',
  now: number,
  end?: RunEnd,
): CairnEvent {
  return event(plan, type, '', now, plan.run, end ? { status: end.status } : {})
}

/** Creates the event that says a run was promoted or rolled back to. The same record always gives the same event. */
export function promotedEvent(
  { env, pipeline }: Pick<Plan, 'env' | 'pipeline'>,
  { run, since, by, from, replaced }: Champion,
): CairnEvent {
  return {
    specversion: '1.0',
    id: `${run}/promoted/${since}`,
    type: 'cairn.promoted',
    source: `/${env}/${pipeline}`,
    subject: run,
    time: new Date(since).toISOString(),
    partitionkey: run,
    data: {
      env,
      pipeline,
      run,
      by,
      ...(from !== undefined && { from }),
      ...(replaced !== undefined && { previous: replaced }),
    },
    headers: {},
  }
}

/** Creates the event that offers a batch of an `each` to any host. The batches of a run spread over partitions. */
export function readyEvent(plan: Plan, task: string, now: number): CairnEvent {
  return event(plan, 'ready', task, now, `${plan.run}/${task}`, readyData(plan, task))
}

/**
 * Creates the event that hands over a task that this host cannot run. Each hand-over uses another partition key, so that
 * the task eventually reaches a host that can run it.
 */
export function leftEvent(plan: Plan, task: string, now: number, attempt: number, misfit: ErrorRecord): CairnEvent {
  const { code, message } = misfit
  const data = { ...readyData(plan, task), attempt, error: { code, message } }
  return event(plan, 'ready', task, now, `${plan.run}/${task}/${attempt}`, data)
}

function readyData(plan: Plan, task: string): Pick<EventData, 'node' | 'batch' | 'step'> {
  const { node, batch } = parseTask(task)
  const planned = plan.nodes[node]
  return { node, ...(batch && { batch }), ...(planned?.type === 'step' && { step: planned.step }) }
}

/**
 * Creates the event that says an attempt at a task started or failed.
 *
 * @param attempt number of the attempt, from 1
 * @param now time of the event in milliseconds since 1970
 * @param error why the attempt failed, for `attempt-failed`
 */
export function attemptEvent(
  plan: Plan,
  type: 'attempt-started' | 'attempt-failed',
  task: string,
  attempt: number,
  now: number,
  error?: ErrorRecord,
): CairnEvent {
  return event(plan, type, task, now, `${plan.run}/${task}`, {
    ...readyData(plan, task),
    attempt,
    ...(error && { error: shortError(error) }),
  })
}

/**
 * Creates the event of a task's terminal record. The same record always gives the same event. All ends of a run share a
 * partition, so that one host of each step receives them all and knows when a batch or a join has everything it waits
 * for.
 */
export function endEvent(plan: Plan, task: string, end: EndRecord): CairnEvent {
  const { node, batch } = parseTask(task)
  const [only] = end.items
  const planned = plan.nodes[node]
  return event(plan, end.status, task, end.endedAt, plan.run, {
    node,
    ...(batch && { batch }),
    ...(planned?.type === 'step' && { step: planned.step }),
    ...(!batch && only?.status === 'completed' && { how: only.how, outputs: shortRefs(only.outputs) }),
    ...(!batch && only && 'error' in only && { error: shortError(only.error) }),
    ...(!batch && only?.status === 'completed' && only.caught && { error: shortError(only.caught) }),
    counts: end.counts,
  })
}

function shortError(error: ErrorRecord): Pick<ErrorRecord, 'code' | 'message'> {
  return { code: error.code, message: errorLine(error) }
}

function event(plan: Plan, type: EventType, task: string, now: number, partitionkey: string, data: object): CairnEvent {
  const subject = task ? `${plan.run}/${task}` : plan.run
  const attempt = 'attempt' in data ? `/${String(data.attempt)}` : ''
  return {
    specversion: '1.0',
    id: `${subject}/${type}${attempt}`,
    type: `cairn.${type}`,
    source: `/${plan.env}/${plan.pipeline}`,
    subject,
    time: new Date(now).toISOString(),
    partitionkey,
    data: { env: plan.env, pipeline: plan.pipeline, run: plan.run, ...data },
    headers: {},
  }
}

function shortRefs(outputs: Readonly<Record<string, { digest: string; size: number }>>) {
  return Object.fromEntries(Object.entries(outputs).map(([name, { digest, size }]) => [name, { digest, size }]))
}
