import { CairnError, EVENT_TYPES, type CairnEvent, type EventData } from '@cairn/kernel/runtime'
import type { KafkaMessage } from 'kafkajs'

/** A message on its way to Kafka. */
export interface Outgoing {
  readonly key: string
  readonly value: string | Buffer
  readonly headers: Record<string, string | Buffer[]>
}

/** A message as it lies in the log. */
export interface Incoming {
  readonly offset: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: ReadonlyMap<string, readonly Buffer[]>
}

/** CloudEvents' binary mode: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md */
export function toMessage(event: CairnEvent): Outgoing {
  const { env, pipeline, run, step } = event.data
  return {
    key: event.partitionkey,
    value: JSON.stringify(event.data),
    headers: {
      ...event.headers,
      'content-type': 'application/json',
      ce_specversion: event.specversion,
      ce_id: event.id,
      ce_type: event.type,
      ce_source: event.source,
      ce_subject: event.subject,
      ce_time: event.time,
      ce_partitionkey: event.partitionkey,
      cairn_env: env,
      cairn_pipeline: pipeline,
      cairn_run: run,
      ...(step !== undefined && { cairn_step: step }),
    },
  }
}

/** Bytes that a message takes in the log, at most. */
export function sizeOf({ key, value, headers }: Outgoing): number {
  let size = 64 + Buffer.byteLength(key) + Buffer.byteLength(value)
  for (const [name, values] of Object.entries(headers))
    for (const value of typeof values === 'string' ? [values] : values)
      size += 10 + Buffer.byteLength(name) + Buffer.byteLength(value)
  return size
}

/** Bytes that a message takes in memory, about. */
export function sizeIn({ key, value, headers }: Incoming): number {
  let size = (key?.length ?? 0) + (value?.length ?? 0)
  for (const [name, values] of headers) for (const { length } of values) size += name.length + length
  return size
}

/** A copy: what the client hands over is part of all that was fetched with it, and would keep that in memory. */
export function copyOf({ offset, key, value, headers = {} }: KafkaMessage): Incoming {
  return {
    offset: Number(offset),
    key: key && Buffer.from(key),
    value: value && Buffer.from(value),
    // The client mixes what `Object.prototype` has into the values of a header named like that.
    headers: new Map(
      Object.entries(headers).map(([name, values]) => [
        name,
        [values]
          .flat()
          .filter((value) => Buffer.isBuffer(value))
          .map(copy),
      ]),
    ),
  }
}

function copy(bytes: Buffer): Buffer {
  return Buffer.from(bytes)
}

/** @throws CairnError for what is no event of ours */
export function readEvent({ value, headers }: Incoming): CairnEvent {
  const header = (name: string): string => {
    const text = headers.get(name)?.[0]?.toString()
    if (text) return text
    throw new CairnError('BAD_RECORD', `the message has no header ${name}`)
  }
  if (headers.has('__proto__')) throw new CairnError('BAD_RECORD', 'the message has a header __proto__')
  const specversion = header('ce_specversion')
  if (specversion !== '1.0')
    throw new CairnError('BAD_RECORD', `CloudEvents ${specversion.slice(0, 20)} is not read here`)
  const type = header('ce_type')
  if (!isEventType(type)) throw new CairnError('BAD_RECORD', `events of type ${type.slice(0, 80)} are not known here`)
  return {
    specversion,
    id: header('ce_id'),
    type,
    source: header('ce_source'),
    subject: header('ce_subject'),
    time: header('ce_time'),
    partitionkey: header('ce_partitionkey'),
    data: readData(value),
    headers: Object.fromEntries(
      [...headers].filter(([name]) => !isOurs(name)).map(([name, values]) => [name, values.join()]),
    ),
  }
}

const TYPES: ReadonlySet<string> = new Set(EVENT_TYPES.map((type) => `cairn.${type}`))

function isEventType(type: string): type is CairnEvent['type'] {
  return TYPES.has(type)
}

function isOurs(header: string): boolean {
  return /^(ce_|cairn_|content-type$)/.test(header)
}

function readData(value: Buffer | null): EventData {
  let data: unknown
  try {
    data = JSON.parse(String(value ?? ''), refusePrototype)
  } catch (cause) {
    if (cause instanceof CairnError) throw cause
    throw new CairnError('NOT_JSON', `the message is not JSON: ${(cause as Error).message.slice(0, 200)}`, { cause })
  }
  if (typeof data !== 'object' || data === null || Array.isArray(data))
    throw new CairnError('BAD_RECORD', 'the message is JSON, but no object')
  for (const [name, types] of FIELDS)
    if (!types.includes(typeof data[name as keyof typeof data]))
      throw new CairnError('BAD_RECORD', `in the message's data, ${name} is not a ${types[0]}`)
  for (const name of NAMES)
    if (name in data && !NAME.test((data as Record<string, string>)[name]!))
      throw new CairnError('BAD_RECORD', `in the message's data, ${name} is no name`)
  return data as EventData
}

const FIELDS: readonly (readonly [string, readonly string[]])[] = [
  ...['env', 'pipeline', 'run'].map((name) => [name, ['string']] as const),
  ...['node', 'batch', 'step', 'how', 'status'].map((name) => [name, ['string', 'undefined']] as const),
  ['attempt', ['number', 'undefined']],
]

/**
 * These become parts of paths. What the store refuses as a path would look like an outage of the store, which is waited for
 * without end, and all that comes after it in its partition with it.
 */
const NAMES = ['env', 'pipeline', 'run', 'node', 'batch', 'step'] as const
const NAME = /^(?!\.\.?$)[^/\\\p{Cc}]{1,200}$/u

function refusePrototype(key: string, value: unknown): unknown {
  if (key === '__proto__') throw new CairnError('BAD_RECORD', "the message's data has a key __proto__")
  return value
}
