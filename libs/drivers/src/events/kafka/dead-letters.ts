import { CairnError, errorRecord, type CairnEvent, type ErrorRecord } from '@cairn/kernel/runtime'
import { readEvent, sizeOf, type Incoming, type Outgoing } from './message.ts'
import { deadLettersOf } from './names.ts'
import { rangesOf, readRanges, type Placed } from './read-ranges.ts'
import type { Settings } from './settings.ts'

/** An event that a group could not handle. */
export interface DeadLetter {
  /** `<partition>-<offset>` in the topic of the dead letters. */
  readonly id: string
  /** When it was given up, in milliseconds since 1970. */
  readonly at: number
  readonly group: string
  /** Where the event lies, as long as its topic keeps it. */
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly error: Pick<ErrorRecord, 'code' | 'message'>
  /** Undefined for what is no event of ours, or was too large to be kept whole: it cannot be replayed. */
  readonly event: CairnEvent | undefined
  /** The beginning of the message's text, where there is no event. */
  readonly preview: string | undefined
}

/** As the message was, but for what is too large. */
export function deadLetter(
  { offset, key, value, headers }: Incoming,
  at: { readonly topic: string; readonly partition: number; readonly group: string },
  error: unknown,
  maxBytes: number,
): Outgoing {
  const { code, message } = errorRecord(error)
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

/** The newest come first. */
export async function listDeadLetters(settings: Settings, topic: string, limit: number): Promise<DeadLetter[]> {
  const dead = deadLettersOf(topic)
  const all = await rangesOf(settings, dead)
  const newest = all.map((range) => ({ ...range, from: Math.max(range.from, range.to - limit) }))
  const letters = await readRanges(settings, dead, newest, readDeadLetter)
  return letters.sort((a, b) => b.at - a.at || b.offset - a.offset).slice(0, limit)
}

/** @throws CairnError where there is no such letter, or no event in it */
export async function eventOf(settings: Settings, topic: string, id: string): Promise<CairnEvent> {
  const dead = deadLettersOf(topic)
  const letter = await findDeadLetter(settings, dead, id)
  if (letter?.event) return letter.event
  throw letter
    ? new CairnError(
        'BAD_RECORD',
        `dead letter ${id} of topic ${topic} holds no event to replay: ${letter.error.message}`,
      )
    : new CairnError('NOT_FOUND', `there is no dead letter ${id} of topic ${topic}, or it has expired`, {
        next: `list those that there are; an id is <partition>-<offset> in topic ${dead}`,
      })
}

async function findDeadLetter(settings: Settings, dead: string, id: string): Promise<DeadLetter | undefined> {
  const [partition, offset] = /^(\d+)-(\d+)$/.exec(id)?.slice(1).map(Number) ?? []
  if (partition === undefined || offset === undefined) return undefined
  const all = await rangesOf(settings, dead)
  const there = all.find((range) => range.partition === partition && range.from <= offset && offset < range.to)
  if (!there) return undefined
  const [letter] = await readRanges(settings, dead, [{ partition, from: offset, to: offset + 1 }], readDeadLetter)
  return letter
}

const PREVIEW_CHARACTERS = 500

function readDeadLetter({ partition, at, message }: Placed): DeadLetter {
  const header = (name: string) => message.headers.get(name)?.[0]?.toString() ?? ''
  const event = eventIn(message)
  return {
    id: `${partition}-${message.offset}`,
    at,
    group: header('cairn_dead_group'),
    topic: header('cairn_dead_topic'),
    partition: Number(header('cairn_dead_partition')),
    offset: Number(header('cairn_dead_offset')),
    error: { code: header('cairn_error_code') as ErrorRecord['code'], message: header('cairn_error_message') },
    event,
    preview: event
      ? undefined
      : message.value?.toString('utf8', 0, PREVIEW_CHARACTERS * 4).slice(0, PREVIEW_CHARACTERS),
  }
}

function eventIn(message: Incoming): CairnEvent | undefined {
  try {
    return readEvent(message)
  } catch {
    return undefined
  }
}
