import {
  describeKind,
  topicOf,
  EVENT_TYPES,
  type EventType,
  type Json,
  type Kinds,
  type KindDescription,
  type Pipeline,
  type Step,
} from '@cairn/kernel/runtime'

/** What consumers of a pipeline's events rely on: its steps, and what kinds of artifacts each gives. */
export interface Contract {
  readonly pipeline: string
  readonly steps: Readonly<Record<string, { readonly outputs: Readonly<Record<string, KindDescription>> }>>
}

export function contractOf({ graph }: Pipeline): Contract {
  const steps = new Map<string, Step>()
  for (const node of graph.nodes.values()) if (node.type === 'step') steps.set(node.step.name, node.step)
  const outputs = ({ definition }: Step) =>
    Object.fromEntries(Object.entries(definition.outputs as Kinds).map(([name, kind]) => [name, describeKind(kind)]))
  return {
    pipeline: graph.name,
    steps: Object.fromEntries([...steps].map(([name, step]) => [name, { outputs: outputs(step) }])),
  }
}

const STAGE_EVENTS = ['completed', 'failed', 'timed-out', 'cancelled', 'skipped', 'blocked'] as const
const OF_RUN: readonly EventType[] = ['run-started', 'run-cancelled', 'run-ended']

/**
 * The events of a pipeline as an AsyncAPI 3 document (https://www.asyncapi.com/docs/reference/specification/v3.0.0):
 * CloudEvents in the binary mode of their Kafka binding, each step's completion with a payload schema of its own.
 */
export function asyncApi(
  contract: Contract,
  { env, version }: { readonly env: string; readonly version: string },
): Json {
  const { pipeline, steps } = contract
  const address = topicOf({ env, pipeline })
  const others = EVENT_TYPES.filter((type) => !STAGE_EVENTS.includes(type as (typeof STAGE_EVENTS)[number]))
  const messages: Record<string, Json> = {}
  for (const type of others) messages[type] = message(type, payload(OF_RUN.includes(type) ? {} : NODE_FIELDS))
  for (const [step, { outputs }] of Object.entries(steps))
    for (const type of STAGE_EVENTS)
      messages[`${step}.${type}`] = message(
        type,
        payload(
          { ...NODE_FIELDS, step: { const: step }, ...(type === 'completed' && { outputs: outputRefs(outputs) }) },
          ['node', 'step'],
        ),
        step,
      )
  const refs = Object.keys(messages).map((name): Json => ({ $ref: `#/channels/events/messages/${name}` }))
  return {
    asyncapi: '3.0.0',
    info: {
      title: `Events of ${pipeline}`,
      version,
      description: 'An event is a hint: it carries ids and digests. The record in the store is the truth.',
    },
    defaultContentType: 'application/json',
    channels: { events: { address, messages } },
    operations: { receive: { action: 'receive', channel: { $ref: '#/channels/events' }, messages: refs } },
  }
}

/** JSON Schema (2020-12) of an event's data. */
function payload(properties: Readonly<Record<string, Json>>, required: readonly string[] = []): Json {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object',
    properties: { env: STRING, pipeline: STRING, run: STRING, ...properties },
    required: ['env', 'pipeline', 'run', ...required],
  }
}

function message(type: EventType, schema: Json, step?: string): Json {
  const properties = {
    ce_specversion: { const: '1.0' },
    ce_id: { type: 'string', description: 'the same for every delivery of the same happening' },
    ce_type: { const: `cairn.${type}` },
    ce_source: STRING,
    ce_subject: STRING,
    ce_time: { type: 'string', format: 'date-time' },
    cairn_pipeline: STRING,
    cairn_env: STRING,
    ...(step !== undefined && { cairn_step: { const: step } }),
    traceparent: { type: 'string', description: 'https://www.w3.org/TR/trace-context/' },
  }
  return {
    name: `cairn.${type}`,
    contentType: 'application/json',
    headers: { type: 'object', properties, required: ['ce_specversion', 'ce_id', 'ce_type', 'ce_source'] },
    payload: schema,
  }
}

const STRING: Json = { type: 'string' }
const NODE_FIELDS: Readonly<Record<string, Json>> = {
  node: { type: 'string', description: 'the place in the pipeline' },
  batch: { type: 'string', description: 'inside an `each`: which batch' },
  attempt: { type: 'integer', minimum: 1 },
  how: { enum: ['computed', 'reused', 'caught', 'joined'] },
  counts: { type: 'object', additionalProperties: { type: 'array', items: { type: 'integer' } } },
  error: { type: 'object', properties: { code: STRING, message: STRING }, required: ['code', 'message'] },
}

/** Outputs are named by digest; the artifact itself is in the store, of the kind that is described. */
function outputRefs(outputs: Readonly<Record<string, KindDescription>>): Json {
  const refs = Object.entries(outputs).map(([name, kind]): [string, Json] => [
    name,
    {
      type: 'object',
      description: `an artifact of kind ${kind.kind}`,
      properties: { digest: { type: 'string', pattern: '^[0-9a-f]{64}$' }, size: { type: 'integer', minimum: 0 } },
      required: ['digest', 'size'],
      'x-cairn-kind': kind as unknown as Json,
    },
  ])
  return { type: 'object', properties: Object.fromEntries(refs) }
}
