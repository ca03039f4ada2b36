import { describeKind, type Json, type Kinds } from '@cairn/kernel'
import type { EventType } from '@cairn/records'

/**
 * A JSON Schema of the words that draft 7 and 2020-12 have in common: AsyncAPI parsers know the one, and `$schema` says
 * the other.
 */
export type JsonSchema = Readonly<Record<string, Json>>

/** What the data of an event has besides environment, pipeline and run. */
export interface DataSchema {
  readonly summary: string
  readonly properties: Readonly<Record<string, Json>>
  readonly required: readonly string[]
}

const STRING = { type: 'string' }
const NODE = { type: 'string', description: 'the place in the pipeline' }
const BATCH = { type: 'string', description: 'inside an `each`: which batch' }
const STEP = { type: 'string', description: "the step's name; absent of an `each` or a `when`" }
const ATTEMPT = { type: 'integer', minimum: 1 }
const HOW = { enum: ['computed', 'reused', 'caught', 'joined'] }
const STATUS = { enum: ['completed', 'failed', 'cancelled'] }
const BY = { type: 'string', description: 'who made it so' }
const FROM = { type: 'string', description: 'the run of a playground that was promoted; absent of a roll-back' }
const PREVIOUS = { type: 'string', description: 'the run that a roll-back would put in production again' }
const ERROR = { type: 'object', properties: { code: STRING, message: STRING }, required: ['code', 'message'] }
const COUNTS = {
  type: 'object',
  description: 'of each list output its length, of each boolean one 1 or 0: one an item',
  additionalProperties: { type: 'array', items: { type: 'integer', minimum: 0 } },
}
const OUTPUT = {
  type: 'object',
  properties: {
    digest: { type: 'string', pattern: '^[0-9a-f]{64}$', description: 'SHA-256 of its bytes' },
    size: { type: 'integer', minimum: 0, description: 'bytes' },
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
  'run-started': { summary: 'a run has begun', properties: {}, required: [] },
  'run-cancelled': { summary: 'a run is to end early', properties: {}, required: [] },
  ready: {
    summary: 'a batch waits for a host, or a task that a host has left to others, for the reason given',
    properties: { node: NODE, batch: BATCH, step: STEP, attempt: ATTEMPT, error: ERROR },
    required: ['node'],
  },
  'attempt-started': attempt('an attempt at a step has begun'),
  'attempt-failed': attempt('an attempt at a step has failed; others may follow', { error: ERROR }),
  completed: ended('an `each` or a `when` has completed', {
    how: HOW,
    outputs: { type: 'object', additionalProperties: OUTPUT },
    error: { ...ERROR, description: 'what the `catch` of the step went on after' },
  }),
  failed: ended('a task has failed for good', { error: ERROR }),
  'timed-out': ended('a task took too long for good', { error: ERROR }),
  cancelled: ended('a task was cancelled', { error: ERROR }),
  skipped: ended('a task stands in the arm of a `when` that is not taken'),
  blocked: ended('a task cannot run, for one before it did not complete'),
  'run-ended': { summary: 'a run has ended', properties: { status: STATUS }, required: ['status'] },
  promoted: {
    summary: 'a run has become the one in production: promoted, or rolled back to',
    properties: { by: BY, from: FROM, previous: PREVIOUS },
    required: ['by'],
  },
}

/** @param places whether each place of the step in the pipeline is inside an `each` */
export function completedStep(step: string, kinds: Kinds, places: readonly boolean[]): DataSchema {
  const outputs = Object.entries(kinds).map(([name, kind]): [string, Json] => [
    name,
    { ...OUTPUT, description: `an artifact of kind ${kind.name}`, 'x-cairn-kind': { ...describeKind(kind) } },
  ])
  const { properties, required } = EVENTS.completed
  return {
    summary: `${step} has completed`,
    properties: {
      ...properties,
      step: { const: step },
      outputs: {
        type: 'object',
        description: 'absent of a batch, whose record has those of each item',
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

export function payload(pipeline: string, { properties, required }: DataSchema): JsonSchema {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object',
    properties: { env: STRING, pipeline: { const: pipeline }, run: STRING, ...properties },
    required: ['env', 'pipeline', 'run', ...required],
  }
}

/** @param step of which alone the event tells */
export function headers(pipeline: string, type: EventType, step?: string): JsonSchema {
  const always = {
    'content-type': { const: 'application/json' },
    ce_specversion: { const: '1.0' },
    ce_id: { type: 'string', description: 'the same for every delivery of the same happening' },
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
