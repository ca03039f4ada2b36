import fc from 'fast-check'
import { EVENT_TYPES, subjectOf, type CairnEvent, type EventData, type EventType } from '@cairn/records'
import { toMessage } from './message.ts'

/** A message as any client may send it. */
export interface HostileMessage {
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: Readonly<Record<string, Buffer | Buffer[]>>
}
export interface Target {
  readonly env: string
  readonly pipeline: string
  /** Existing runs. Most false events name one of them. */
  readonly runs: readonly string[]
  /** Nodes of the pipeline, and their steps. */
  readonly places: Readonly<Record<string, string | undefined>>
}

const LONG = 200
const NASTY: readonly unknown[] = [
  ...['ä', '🙂', 'x', '../', 'a/b', '\u0000', 'é', '\ud800', '.', '%2e', ' '].map((text) => text.repeat(LONG)),
  ...[
    '',
    '.',
    '..',
    '../../etc/passwd',
    'a\\b',
    'a\nb',
    '__proto__',
    'constructor',
    'toString',
    'no-such',
    'NaN',
    '00',
    '1e3',
    '-1',
  ],
  ...[
    'x'.repeat(5_000),
    'x'.repeat(256),
    '9'.repeat(40),
    '0.'.repeat(100),
    'null',
    "'; drop table runs; --",
    '${jndi:x}',
  ],
  ...[null, true, 0, -1, 0.5, 1e21, Number.MAX_SAFE_INTEGER, [], {}, [[]], { digest: 'x' }, [1, 2], { length: 1e9 }],
]
const BAD_UTF8 = Buffer.from([0xff, 0xfe, 0x80, 0xc3, 0x28, 0xf0, 0x9f])
const HASH = 'a'.repeat(64)

/** Generates valid events of things that did not happen, in existing and other runs. */
export function contractEvents({ env, pipeline, runs, places }: Target): fc.Arbitrary<CairnEvent> {
  const run = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...runs) },
    { weight: 1, arbitrary: fc.stringMatching(/^[\w-]{1,64}$/).filter(isFree) },
  )
  const node = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...Object.keys(places)) },
    { weight: 1, arbitrary: fc.stringMatching(/^[a-z][a-z0-9-]{0,30}$/).filter(isFree) },
  )
  const batch = fc.oneof(fc.constant(undefined), fc.constantFrom('0', '1', '999999999', '0.0', '3.17', '0.0.0.0'))
  const counts = fc.oneof(
    fc.constant({}),
    fc.dictionary(
      fc.constantFrom('n', 'items', 'orders', 'text', 'big'),
      fc.array(fc.nat(1_000_000_000), { maxLength: 3 }),
      { maxKeys: 2 },
    ),
  )
  const error = fc.constant({ code: 'STEP_FAILED' as const, message: 'a lie' })
  return fc
    .record({
      type: fc.constantFrom(...EVENT_TYPES),
      run,
      node,
      batch,
      counts,
      error,
      attempt: fc.integer({ min: 1, max: 9 }),
      time: fc.integer({ min: 0, max: 4e12 }),
    })
    .map(({ type, run, node, batch, counts, error, attempt, time }) => {
      const step = Object.hasOwn(places, node) ? places[node] : undefined
      const task = { node, ...(batch !== undefined && { batch }), ...(step !== undefined && { step }) }
      const more: Partial<Record<EventType, object>> = {
        'run-ended': { status: 'completed' },
        promoted: { by: 'nobody' },
        ready: task,
        'attempt-started': { ...task, attempt },
        'attempt-failed': { ...task, attempt, error },
        completed: { ...task, counts, how: 'computed', outputs: { n: { digest: HASH, size: 1 } } },
        failed: { ...task, counts, error },
        'timed-out': { ...task, counts, error },
        cancelled: { ...task, counts, error },
        skipped: { ...task, counts },
        blocked: { ...task, counts },
      }
      const data = { env, pipeline, run, ...more[type] } as EventData
      const subject = subjectOf(data)
      const at = 'attempt' in data ? `/${String(data.attempt)}` : type === 'promoted' ? `/${time}` : ''
      return {
        specversion: '1.0',
        id: `${subject}/${type}${at}`,
        type: `cairn.${type}`,
        source: `/${env}/${pipeline}`,
        subject,
        time: new Date(time).toISOString(),
        partitionkey: run,
        data,
        headers: {},
      }
    })
}

/** The event format excludes the names of properties that every object has. */
function isFree(name: string): boolean {
  return !(name in Object.prototype)
}

/** Generates messages of all sorts: valid events, events with an error, and arbitrary bytes. */
export function hostileMessages(target: Target): fc.Arbitrary<HostileMessage> {
  const nasty = fc.constantFrom(...NASTY)
  const whole = contractEvents(target).map(messageOf)
  const field = fc.constantFrom(
    'env',
    'pipeline',
    'run',
    'node',
    'batch',
    'step',
    'attempt',
    'counts',
    'outputs',
    'error',
    'status',
    'how',
  )
  const header = fc.constantFrom(
    'ce_id',
    'ce_type',
    'ce_source',
    'ce_subject',
    'ce_time',
    'ce_partitionkey',
    'ce_specversion',
    'cairn_run',
    'cairn_step',
    'cairn_env',
    'cairn_pipeline',
    'traceparent',
  )
  const wrongData = fc
    .record({ event: contractEvents(target), field, nasty })
    .map(({ event, field, nasty }) => messageOf({ ...event, data: { ...event.data, [field]: nasty } as EventData }))
  /** The same invalid run everywhere in the event, so that its fields match. */
  const wrongRun = fc
    .record({ event: contractEvents(target), nasty: nasty.filter((value) => typeof value === 'string') })
    .map(({ event, nasty }) => {
      const subject = event.subject.replace(event.data.run, nasty)
      return messageOf({
        ...event,
        subject,
        id: event.id.replace(event.subject, subject),
        data: { ...event.data, run: nasty },
      })
    })
  const missing = fc.record({ message: whole, header }).map(({ message, header }) => ({
    ...message,
    headers: Object.fromEntries(Object.entries(message.headers).filter(([name]) => name !== header)),
  }))
  const wrongHeader = fc
    .record({
      message: whole,
      header,
      value: fc.oneof(
        nasty.map((value) => Buffer.from(String(value))),
        fc.constant(BAD_UTF8),
        fc.constant<Buffer[]>([BAD_UTF8, BAD_UTF8]),
        fc.constant<Buffer[]>([Buffer.from('a'), Buffer.from('b')]),
      ),
    })
    .map(({ message, header, value }): HostileMessage => ({
      ...message,
      headers: { ...message.headers, [header]: value },
    }))
  const wrongBytes = fc
    .record({
      message: whole,
      value: fc.oneof(
        fc.constantFrom(
          null,
          BAD_UTF8,
          Buffer.from('{"a":'.repeat(20_000)),
          Buffer.from('[]'),
          Buffer.from('"x"'),
          Buffer.from('null'),
        ),
        fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
        fc.json().map((json) => Buffer.from(json)),
      ),
    })
    .map(({ message, value }) => ({ ...message, value }))
  const polluted = whole.map((message) => ({
    ...message,
    value: Buffer.from(String(message.value).replace('{', '{"__proto__":{"polluted":true},')),
  }))
  const noise = fc
    .record({
      key: fc.option(fc.uint8Array({ maxLength: 50 })),
      value: fc.option(fc.uint8Array({ maxLength: 500 })),
      name: fc.string({ maxLength: 20 }),
    })
    .map(({ key, value, name }) => ({
      key: key && Buffer.from(key),
      value: value && Buffer.from(value),
      headers: { [`x${name}`]: BAD_UTF8 },
    }))
  return fc.oneof(whole, wrongData, wrongRun, missing, wrongHeader, wrongBytes, polluted, noise)
}

function messageOf(event: CairnEvent): HostileMessage {
  const { key, value, headers } = toMessage(event)
  const texts = Object.entries(headers).filter(([, text]) => text !== undefined && text !== null)
  return {
    key: Buffer.from(key),
    value: Buffer.from(value),
    headers: Object.fromEntries(texts.map(([name, text]) => [name, Buffer.from(String(text))])),
  }
}
