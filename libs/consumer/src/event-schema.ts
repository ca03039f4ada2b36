import { describeKind, type Json, type Kinds } from '@cairn/kernel'
import type { EventType } from '@cairn/records'

/**
 * A JSON Schema that uses only keywords with the same meaning in draft 7, which AsyncAPI parsers support, and 2020-12,
 * which `$schema` states.
 */
export type JsonSchema = Readonly<Record<string, Json>>

/** The fields of event data in addition to environment, pipeline and run. */
export interface DataSchema {
  readonly summary: string
  readonly properties: Readonly<Record<string, Json>>
  readonly required: readonly string[]
}

const STRING = { type: 'string' }
const NODE = { type: 'string', description: 'name of the node' }
const BATCH = { type: 'string', description: 'number of the batch, inside an `each`' }
const STEP = { type: 'string', description: 'name of the step; absent for an `each` or a `when`' }
const ATTEMPT = { type: 'integer', minimum: 1 }
const HOW = { enum: ['computed', 'reused', 'caught', 'joined'] }
const STATUS = { enum: ['completed', 'failed', 'cancelled'] }
const BY = { type: 'string', description: 'who promoted the run' }
const FROM = { type: 'string', description: 'the playground run that was promoted; absent after a rollback' }
const PREVIOUS = { type: 'string', description: 'the previous production run, which a rollback would restore' }
const ERROR = { type: 'object', properties: { code: STRING, message: STRING }, required: ['code', 'message'] }
const COUNTS = {
  type: 'object',
  description: 'for each item, the length of each list output, and 1 or 0 for each boolean output',
  additionalProperties: { type: 'array', items: { type: 'integer', minimum: 0 } },
}
const OUTPUT = {
  type: 'object',
  properties: {
    digest: { type: 'string', pattern: '^[0-9a-f]{64}$', description: 'SHA-256 of the bytes' },
    size: { type: 'integer', minimum: 0, description: 'size in bytes' },
  },
  required: ['digest', 'size'],
}

const ended = (summary: string, more: Readonly<Record<string, Json>> = {}): DataSchema => ({
  summary,
  properties: { node: NODE, batch: BATCH, step: STEP, counts: COUNTS, ...more },
  required: ['node', 'counts'],
})
const attempt = (summary: string, more: Readonly<Record<string, Json>> = {}): DataSchema => ({
  summary,
  properties: { node: NODE, batch: BATCH, step: STEP, attempt: ATTEMPT, ...more },
  required: ['node', 'attempt', ...Object.keys(more)],
})

export const EVENTS: Readonly<Record<EventType, DataSchema>> = {
  'run-started': { summary: 'a run started', properties: {}, required: [] },
  'run-cancelled': { summary: 'a run was cancelled and will end', properties: {}, required: [] },
  ready: {
    summary: 'a batch waits for a host, or a host left a task to other hosts because of the given error',
    properties: { node: NODE, batch: BATCH, step: STEP, attempt: ATTEMPT, error: ERROR },
    required: ['node'],
  },
  'attempt-started': attempt('an attempt at a task started'),
  'attempt-failed': attempt('an attempt at a task failed; it may be retried', { error: ERROR }),
  completed: ended('an `each` or a `when` completed', {
    how: HOW,
    outputs: { type: 'object', additionalProperties: OUTPUT },
    error: { ...ERROR, description: 'the error that the `catch` of the step handled' },
  }),
  failed: ended('a task failed, with no retries left', { error: ERROR }),
  'timed-out': ended('a task exceeded its timeout, with no retries left', { error: ERROR }),
  cancelled: ended('a task was cancelled', { error: ERROR }),
  skipped: ended('a task was skipped, because it is in the arm of a `when` that was not taken'),
  blocked: ended('a task cannot run, because a task that it depends on did not complete'),
  'run-ended': { summary: 'a run ended', properties: { status: STATUS }, required: ['status'] },
  promoted: {
    summary: 'a run became the production run, by a promotion or a rollback',
    properties: { by: BY, from: FROM, previous: PREVIOUS },
    required: ['by'],
  },
}

/**
 * Returns the schema of the completion of a step.
 *
 * @param places for each node of the step, whether it is inside an `each`
 */
export function completedStep(step: string, kinds: Kinds, places: readonly boolean[]): DataSchema {
  const outputs = Object.entries(kinds).map(([name, kind]): [string, Json] => [
    name,
    { ...OUTPUT, description: `artifact of kind ${kind.name}`, 'x-cairn-kind': { ...describeKind(kind) } },
  ])
  const { properties, required } = EVENTS.completed
  return {
    summary: `${step} completed`,
    properties: {
      ...properties,
      step: { const: step },
      outputs: {
        type: 'object',
        description: 'absent for a batch; the record of the batch has the outputs of each item',
        properties: Object.fromEntries(outputs),
        required: Object.keys(kinds),
      },
    },
    required: [
      ...required,
      'step',
      ...(places.includes(true) ? [] : ['how', 'outputs']),
      ...(places.includes(false) ? [] : ['batch']),
    ],
  }
}

/** The schema of the data of an event. */
export function payload(pipeline: string, { properties, required }: DataSchema): JsonSchema {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object',
    properties: { env: STRING, pipeline: { const: pipeline }, run: STRING, ...properties },
    required: ['env', 'pipeline', 'run', ...required],
  }
}

/**
 * Returns the schema of the headers of an event.
 *
 * @param step the step, if the event is about a single one
 */
export function headers(pipeline: string, type: EventType, step?: string): JsonSchema {
  const always = {
    'content-type': { const: 'application/json' },
    ce_specversion: { const: '1.0' },
    ce_id: { type: 'string', description: 'identical for every delivery of the same event' },
    ce_type: { const: `cairn.${type}` },
    ce_source: { type: 'string', description: '`/<environment>/<pipeline>`' },
    ce_subject: { type: 'string', description: '`<run>/<node>[/<batch>]`' },
    ce_time: { type: 'string', format: 'date-time' },
    ce_partitionkey: STRING,
    cairn_env: STRING,
    cairn_pipeline: { const: pipeline },
    cairn_run: STRING,
    ...(step !== undefined && { cairn_step: { const: step } }),
  }
  const sometimes = {
    ...(step === undefined && { cairn_step: STEP }),
    traceparent: { type: 'string', description: 'https://www.w3.org/TR/trace-context/' },
    tracestate: STRING,
  }
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object',
    properties: { ...always, ...sometimes },
    required: Object.keys(always),
  }
}
