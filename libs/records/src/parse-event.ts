import { CairnError } from '@cairn/kernel'
import { EVENT_TYPES, subjectOf, type CairnEvent, type EventData, type EventType } from './events.ts'
import { NAMES } from './shapes/record-names.ts'

/** An event as received, not validated yet. */
export type Unread = Readonly<Record<Exclude<keyof CairnEvent, 'data' | 'headers'>, unknown>> & {
  readonly data: unknown
  readonly headers: Readonly<Record<string, string>>
}

/**
 * Validates a received event, so that only what Cairn could have published passes. Names become parts of paths: a path
 * that the store rejects would look like a fault of the store, which is retried without end. Unknown fields are
 * dropped.
 *
 * @throws CairnError BAD_RECORD when a field is invalid; the message names it
 */
export function parseEvent({
  specversion,
  id,
  type,
  source,
  subject,
  time,
  partitionkey,
  data,
  headers,
}: Unread): CairnEvent {
  if (specversion !== '1.0') throw bad(`its CloudEvents version is ${shown(specversion)}, not "1.0"`)
  if (!isEventType(type)) throw bad(`its type ${shown(type)} is unknown`)
  if (!isObject(data)) throw bad('its data is not an object')
  const fields = FIELDS[type.slice('cairn.'.length) as EventType]
  const read: Record<string, unknown> = {}
  for (const [name, field] of Object.entries({ ...ALWAYS, ...fields })) {
    const value = Object.hasOwn(data, name) ? data[name] : undefined
    if (value === undefined && !field.isRequired) continue
    if (!field.fits(value)) throw bad(`data.${name} is ${shown(value)}, but must be ${field.what}`)
    read[name] = value
  }
  return {
    specversion,
    id: attribute('id', id),
    type,
    source: attribute('source', source),
    subject: attribute('subject', subject),
    time: timeIn(time),
    partitionkey: attribute('partitionkey', partitionkey),
    data: read as unknown as EventData,
    headers: { ...headers },
  }
}

/**
 * Requires that an event belongs to this pipeline and that its id, source and subject match its data. Otherwise it
 * would be handled in place of the right event, or that one would be dropped as its duplicate.
 *
 * @throws CairnError BAD_RECORD when something does not match
 */
export function requireOf({ env, pipeline }: Pick<EventData, 'env' | 'pipeline'>, event: CairnEvent): void {
  const { id, source, subject, data } = event
  if (data.env !== env || data.pipeline !== pipeline)
    throw bad(`it belongs to ${data.env}/${data.pipeline}, not to ${env}/${pipeline}`)
  if (source !== `/${env}/${pipeline}`) throw bad(`its source is ${shown(source)}, not /${env}/${pipeline}`)
  if (subject !== subjectOf(data)) throw bad(`its subject is ${shown(subject)}, not ${subjectOf(data)}`)
  const known = idOf(event)
  if (id !== known) throw bad(`its id is ${shown(id)}, not ${known}`)
}

/** Computes the id that an event must have: the same occurrence always has the same id. */
function idOf({ type, subject, time, data: { attempt } }: CairnEvent): string {
  const happened = type.slice('cairn.'.length)
  if (happened === 'promoted') return `${subject}/promoted/${Date.parse(time)}`
  return `${subject}/${happened}${attempt === undefined ? '' : `/${attempt}`}`
}

interface Field {
  readonly what: string
  readonly isRequired: boolean
  fits(value: unknown): boolean
}
type Fields = Readonly<Record<string, Field>>

const LONGEST_ATTRIBUTE = 1_000
/** Longer than any error message that Cairn puts into an event. */
const LONGEST_TEXT = 100_000

const field = (what: string, fits: (value: unknown) => boolean): Field => ({ what, isRequired: true, fits })
const maybe = (of: Field): Field => ({ ...of, isRequired: false })
const count = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0
const text = (value: unknown) => typeof value === 'string' && value.length <= LONGEST_TEXT
const oneOf = (...values: readonly string[]) =>
  field(`one of ${values.join(', ')}`, (value) => values.includes(value as string))
const every = (value: unknown, fits: (value: unknown) => boolean) =>
  isObject(value) && Object.entries(value).every(([name, each]) => name.length <= 200 && fits(each))

const ENV = field('an environment name', NAMES.env.fits)
const PIPELINE = field('a pipeline name', NAMES.name.fits)
const RUN = field('a run name', NAMES.run.fits)
const NODE = field('a node name', NAMES.node.fits)
const BATCH = maybe(field('a batch number', NAMES.batch.fits))
const STEP = maybe(field('a step name', NAMES.name.fits))
const ATTEMPT = field('an attempt number', (value) => count(value) && value !== 0)
const HOW = maybe(oneOf('computed', 'reused', 'caught', 'joined'))
const STATUS = oneOf('completed', 'failed', 'cancelled')
const ERROR = field('an error', (value) => isObject(value) && text(value['code']) && text(value['message']))
const COUNTS = field('an object of number lists', (value) =>
  every(value, (each) => Array.isArray(each) && each.every(count)),
)
const OUTPUTS = maybe(
  field('an object of digests and sizes', (value) =>
    every(value, (each) => isObject(each) && /^[0-9a-f]{64}$/.test(String(each['digest'])) && count(each['size'])),
  ),
)

const ALWAYS: Fields = { env: ENV, pipeline: PIPELINE, run: RUN }
const ENDED: Fields = { node: NODE, batch: BATCH, step: STEP, counts: COUNTS }
const ATTEMPTED: Fields = { node: NODE, batch: BATCH, step: STEP, attempt: ATTEMPT }

const FIELDS: Readonly<Record<EventType, Fields>> = {
  'run-started': {},
  'run-cancelled': {},
  'run-ended': { status: STATUS },
  ready: { node: NODE, batch: BATCH, step: STEP, attempt: maybe(ATTEMPT), error: maybe(ERROR) },
  'attempt-started': ATTEMPTED,
  'attempt-failed': { ...ATTEMPTED, error: ERROR },
  completed: { ...ENDED, how: HOW, outputs: OUTPUTS, error: maybe(ERROR) },
  failed: { ...ENDED, error: maybe(ERROR) }, // a batch has one error for each failed item, in its record only
  'timed-out': { ...ENDED, error: maybe(ERROR) },
  cancelled: { ...ENDED, error: maybe(ERROR) },
  skipped: ENDED,
  blocked: ENDED,
  promoted: { by: field('a name', text), from: maybe(RUN), previous: maybe(RUN) },
}

const TYPES: ReadonlySet<unknown> = new Set(EVENT_TYPES.map((type) => `cairn.${type}`))

function isEventType(type: unknown): type is CairnEvent['type'] {
  return TYPES.has(type)
}

function attribute(name: string, value: unknown): string {
  // eslint-disable-next-line no-control-regex
  if (typeof value === 'string' && value.length > 0 && value.length <= LONGEST_ATTRIBUTE && !/\p{Cc}/u.test(value))
    return value
  throw bad(`its ${name} is ${shown(value)}, but must be a string of 1 to ${LONGEST_ATTRIBUTE} characters`)
}

function timeIn(value: unknown): string {
  const isTime =
    typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/.test(value)
  if (isTime && !Number.isNaN(Date.parse(value))) return value
  throw bad(`its time is ${shown(value)}, but must be an RFC 3339 timestamp`)
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function shown(value: unknown): string {
  if (typeof value === 'string') return `"${value.slice(0, 80)}${value.length > 80 ? '…' : ''}"`
  if (value === undefined) return 'missing'
  return typeof value === 'object' && value !== null ? 'an object' : JSON.stringify(value)
}

function bad(what: string): CairnError {
  return new CairnError('BAD_RECORD', `the message is not a valid Cairn event: ${what}`)
}
