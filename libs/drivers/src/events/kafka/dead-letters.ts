import { CairnError } from '@cairn/kernel'
import { errorRecord, type CairnEvent, type ErrorRecord } from '@cairn/records'
import { readEvent, sizeOf, type Incoming, type Outgoing } from './message.ts'
import { deadLettersOf } from './names.ts'
import { rangesOf, readRanges, type Placed } from './read-ranges.ts'
import type { KafkaSettings } from './settings.ts'

/** What was decided about a dead letter; `waiting` until a decision. */
export type LetterState = 'waiting' | 'replayed' | 'dropped'

/** A message that a group could not handle. */
export interface DeadLetter {
  /**
   * `<partition>-<offset>` of the message in its original topic; the same for every group that gave it up. A message
   * that another client wrote to the dead-letter topic has `stray-<partition>-<offset>` of that topic.
   */
  readonly id: string
  readonly group: string
  readonly state: LetterState
  /** Time when it was given up, in milliseconds since 1970. */
  readonly at: number
  /** The original topic. */
  readonly topic: string
  readonly error: Pick<ErrorRecord, 'code' | 'message'>
  /** Undefined if the message is not a valid event, or was too large to store whole. It then cannot be replayed. */
  readonly event: LetterEvent | undefined
  /** The first 500 characters of the message, if there is no event. */
  readonly preview: string | undefined
  /** Position in the dead-letter topic. */
  readonly place: readonly [partition: number, offset: number]
}
export type LetterEvent = Pick<CairnEvent, 'id' | 'type'> & Pick<CairnEvent['data'], 'run' | 'node' | 'batch'>

/** A dead letter with its whole message. */
export interface WholeLetter extends DeadLetter {
  readonly message: Incoming
}

/** Wraps errors thrown by a consumer's handler, which are not errors of a step. */
function handlerError(cause: unknown): CairnError {
  return new CairnError('HANDLER_FAILED', errorRecord(cause).message, { cause })
}

/**
 * Encodes a dead letter: the original message with added headers. If it exceeds `maxBytes`, the original headers are
 * dropped and the value is truncated.
 */
export function deadLetter(
  { offset, key, value, headers }: Incoming,
  at: { readonly topic: string; readonly partition: number; readonly group: string },
  error: unknown,
  maxBytes: number,
): Outgoing {
  const { code, message } = errorRecord(error instanceof CairnError ? error : handlerError(error))
  const added = {
    cairn_dead_key: key?.toString().slice(0, 500) ?? '',
    cairn_dead_group: at.group,
    cairn_dead_topic: at.topic,
    cairn_dead_partition: String(at.partition),
    cairn_dead_offset: String(offset),
    cairn_error_code: code,
    cairn_error_message: message.slice(0, 1_000),
  }
  const whole: Outgoing = {
    key: `${at.topic}-${at.partition}-${offset}`,
    value: value ?? '',
    headers: { ...Object.fromEntries([...headers].map(([name, values]) => [name, [...values]])), ...added },
  }
  if (sizeOf(whole) <= maxBytes) return whole
  const cut = { ...whole, value: '', headers: { ...added, cairn_dead_bytes: String(sizeOf(whole)) } }
  return { ...cut, value: value?.subarray(0, Math.max(maxBytes - sizeOf(cut), 0)) ?? '' }
}

/** Header that names the group of a replayed message. Other groups ignore the message. */
const REPLAYED_FOR = 'cairn_for'
const STATE = 'cairn_dead_state'

/** Returns whether a message was replayed for another group. */
export function isForOthers(message: Incoming, group: string | undefined): boolean {
  return message.headers.has(REPLAYED_FOR) && textIn(message, REPLAYED_FOR) !== group
}

/** Returns the original message, without the headers of the dead letter, addressed to the group that gave it up. */
export function replayMessage({ message, group }: WholeLetter): Outgoing {
  const headers = [...message.headers].filter(([name]) => !/^cairn_(dead|error)_/.test(name) && name !== REPLAYED_FOR)
  return {
    key: textIn(message, 'cairn_dead_key'),
    value: message.value ?? '',
    headers: { ...Object.fromEntries(headers.map(([name, values]) => [name, [...values]])), [REPLAYED_FOR]: group },
  }
}

/**
 * Returns the message that records a decision about a dead letter. The topic is a log, so the letter cannot be changed.
 */
export function decisionMessage({ topic, id, group }: DeadLetter, state: LetterState): Outgoing {
  const [, partition = '', offset = ''] = LETTER_ID.exec(id)!
  return {
    key: `${topic}-${id}`,
    value: '',
    headers: {
      [STATE]: state,
      cairn_dead_group: group,
      cairn_dead_topic: topic,
      cairn_dead_partition: partition,
      cairn_dead_offset: offset,
    },
  }
}

/** The dead letters of a topic that the brokers still keep. Caches them: each call of `all` reads only new ones. */
export class DeadLetters {
  readonly #settings: KafkaSettings
  readonly #topic: string
  /** By letter id and group. */
  readonly #letters = new Map<string, DeadLetter>()
  readonly #read = new Map<number, number>()
  #reading: Promise<void> = Promise.resolve()

  constructor(settings: KafkaSettings, topic: string) {
    this.#settings = settings
    this.#topic = topic
  }

  /** Returns all dead letters, the newest first. */
  async all(): Promise<DeadLetter[]> {
    this.#reading = this.#reading.catch(() => {}).then(() => this.#readNew())
    await this.#reading
    return [...this.#letters.values()].sort((a, b) => b.at - a.at || b.place[1] - a.place[1])
  }

  /** Reads the whole message of a dead letter. @throws CairnError NOT_FOUND if it has expired */
  async whole(letter: DeadLetter): Promise<WholeLetter> {
    const [partition, offset] = letter.place
    const range = { partition, from: offset, to: offset + 1 }
    const dead = deadLettersOf(this.#topic)
    const [message] = await readRanges(this.#settings, dead, [range], (placed) => placed.message)
    if (message) return { ...letter, message }
    throw new CairnError('NOT_FOUND', `dead letter ${letter.id} of topic ${this.#topic} has expired`)
  }

  async #readNew(): Promise<void> {
    const dead = deadLettersOf(this.#topic)
    const ranges = await rangesOf(this.#settings, dead)
    const isNew = ranges.some(({ partition, to }) => to < (this.#read.get(partition) ?? 0))
    if (isNew) this.#letters.clear() // the topic was recreated
    const unread = ranges.map((range) => {
      const read = isNew ? 0 : (this.#read.get(range.partition) ?? 0)
      return { ...range, from: Math.max(range.from, read) }
    })
    for (const placed of await readRanges(this.#settings, dead, unread, (each) => each)) this.#add(placed)
    for (const { partition, to } of ranges) this.#read.set(partition, to)
    for (const [key, { place }] of this.#letters)
      if (place[1] < (ranges.find(({ partition }) => partition === place[0])?.from ?? 0)) this.#letters.delete(key)
  }

  #add(placed: Placed): void {
    const state = textIn(placed.message, STATE)
    const letter = letterIn(placed, this.#topic)
    const key = `${letter.id} ${letter.group}`
    const known = this.#letters.get(key)
    if (state === 'replayed' || state === 'dropped') {
      if (known) this.#letters.set(key, { ...known, state })
    } else this.#letters.set(key, letter)
  }
}

const PREVIEW_CHARACTERS = 500

function letterIn(placed: Placed, topic: string): DeadLetter {
  const { partition, at, message } = placed
  const header = (name: string) => textIn(message, name)
  const id = `${header('cairn_dead_partition')}-${header('cairn_dead_offset')}`
  const place = [partition, message.offset] as const
  const preview = () => message.value?.toString('utf8', 0, PREVIEW_CHARACTERS * 4).slice(0, PREVIEW_CHARACTERS)
  const group = header('cairn_dead_group')
  if (group === '' || !LETTER_ID.test(id)) {
    const error = {
      code: 'BAD_RECORD' as const,
      message: 'this message is not a dead letter: the headers that name its group and message are missing',
    }
    return {
      id: `stray-${place.join('-')}`,
      group: 'unknown',
      state: 'waiting',
      at,
      topic,
      error,
      event: undefined,
      preview: preview(),
      place,
    }
  }
  const event = eventIn(message)
  const error = { code: header('cairn_error_code') as ErrorRecord['code'], message: header('cairn_error_message') }
  return { id, group, state: 'waiting', at, topic, error, event, preview: event ? undefined : preview(), place }
}
/** Captures partition and offset. For a stray message, the first group is `stray-0`, for example. */
const LETTER_ID = /^((?:stray-)?\d{1,9})-(\d{1,15})$/

function textIn({ headers }: Incoming, name: string): string {
  return headers.get(name)?.[0]?.toString() ?? ''
}

function eventIn(message: Incoming): LetterEvent | undefined {
  try {
    const { id, type, data } = readEvent(message)
    const { run, node, batch } = data
    return { id, type, run, ...(node !== undefined && { node }), ...(batch !== undefined && { batch }) }
  } catch {
    return undefined
  }
}
