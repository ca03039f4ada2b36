import { isUtf8 } from 'node:buffer'
import { CairnError } from '@cairn/kernel'
import { parseEvent, type CairnEvent } from '@cairn/records'
import type { KafkaMessage } from 'kafkajs'

/** A message to publish. */
export interface Outgoing {
  readonly key: string
  readonly value: string | Buffer
  readonly headers: Record<string, string | Buffer[]>
}

/** A message that was read from a topic. */
export interface Incoming {
  readonly offset: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: ReadonlyMap<string, readonly Buffer[]>
}

/**
 * Encodes an event as a message in the binary mode of CloudEvents:
 * https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md
 */
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

/** Returns an upper bound of the size of a message in the log, in bytes. */
export function sizeOf({ key, value, headers }: Outgoing): number {
  let size = 64 + Buffer.byteLength(key) + Buffer.byteLength(value)
  for (const [name, values] of Object.entries(headers))
    for (const value of typeof values === 'string' ? [values] : values)
      size += 10 + Buffer.byteLength(name) + Buffer.byteLength(value)
  return size
}

/** Returns the approximate size of a message in memory, in bytes. */
export function sizeIn({ key, value, headers }: Incoming): number {
  let size = (key?.length ?? 0) + (value?.length ?? 0)
  for (const [name, values] of headers) for (const { length } of values) size += name.length + length
  return size
}

/** Copies a message: the client's buffers are slices of the whole fetch response, and would keep it in memory. */
export function copyOf({ offset, key, value, headers = {} }: KafkaMessage): Incoming {
  return {
    offset: Number(offset),
    key: key && Buffer.from(key),
    value: value && Buffer.from(value),
    // If a header has the name of a property of `Object.prototype`, the client adds that property to its values.
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

/**
 * Decodes and checks an event. Must reject every invalid message, because what it accepts is delivered until it is
 * handled or given up.
 *
 * @throws CairnError BAD_RECORD or NOT_JSON if the message is not a valid event of Cairn
 */
export function readEvent({ value, headers }: Incoming): CairnEvent {
  if (headers.has('__proto__')) throw new CairnError('BAD_RECORD', 'the message has a header __proto__')
  const data = readData(value)
  const event = parseEvent({
    specversion: only(headers, 'ce_specversion'),
    id: only(headers, 'ce_id'),
    type: only(headers, 'ce_type'),
    source: only(headers, 'ce_source'),
    subject: only(headers, 'ce_subject'),
    time: only(headers, 'ce_time'),
    partitionkey: only(headers, 'ce_partitionkey'),
    data,
    headers: Object.fromEntries(
      [...headers].filter(([name]) => !isOurs(name)).map(([name, values]) => [name, values.join()]),
    ),
  })
  for (const name of FILTERED_BY) {
    const value = only(headers, `cairn_${name}`)
    if (value !== event.data[name])
      throw new CairnError('BAD_RECORD', `the header cairn_${name} of the message does not match its data`)
  }
  return event
}

/** Consumers filter by these headers without parsing the event, so they must match its data. */
const FILTERED_BY = ['env', 'pipeline', 'run', 'step'] as const

/** Returns the text of a header that must not be repeated. */
function only(headers: Incoming['headers'], name: string): string | undefined {
  const [value, ...more] = headers.get(name) ?? []
  if (more.length > 0) throw new CairnError('BAD_RECORD', `the message has ${more.length + 1} headers ${name}`)
  return value && textOf(value, `the header ${name} of the message`)
}

function isOurs(header: string): boolean {
  return /^(ce_|cairn_|content-type$)/.test(header)
}

function readData(value: Buffer | null): unknown {
  const text = textOf(value ?? Buffer.alloc(0), 'the message')
  try {
    return JSON.parse(text, refusePrototype)
  } catch (cause) {
    if (cause instanceof CairnError) throw cause
    throw new CairnError('NOT_JSON', `the message is not JSON: ${(cause as Error).message.slice(0, 200)}`, { cause })
  }
}

function textOf(bytes: Buffer, what: string): string {
  if (isUtf8(bytes)) return bytes.toString()
  throw new CairnError('BAD_RECORD', `${what} is not valid UTF-8`)
}

function refusePrototype(key: string, value: unknown): unknown {
  if (key === '__proto__') throw new CairnError('BAD_RECORD', 'the data of the message has a key __proto__')
  return value
}
