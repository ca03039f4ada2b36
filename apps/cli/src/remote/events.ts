import { setTimeout as sleep } from 'node:timers/promises'
import { CairnError } from '@cairn/kernel'
import type { CairnEvent } from '@cairn/records'
import { addressOf, type Address } from './control-client.ts'
import type { Waiting } from './waiting.ts'
import { askControl, type ControlOptions } from '@cairn/drivers/store/control'

/** A connection that is silent for this long counts as dead. Milliseconds. */
const DEAD_AFTER_MS = 45_000
const RECONNECT_MS = 1_000
/** How long the control service may be unavailable. Milliseconds. */
const MAX_OUTAGE_MS = 10 * 60_000

/**
 * The events of a run, each once, until it ends or the signal aborts. Control may restart meanwhile.
 *
 * @param onWait called with the place in the queue while the run is queued
 */
export async function* eventsOf(
  control: ControlOptions,
  pipeline: string,
  run: string,
  signal: AbortSignal,
  onWait: (wait: Waiting) => void = () => {},
): AsyncIterable<CairnEvent> {
  const seen = new Set<string>()
  const address: Address<'get'> = '/v1/pipelines/{pipeline}/runs/{run}/events'
  const path = addressOf(address, { path: { pipeline, run } })
  let lastMessageAt = performance.now()
  let last: string | undefined
  while (!signal.aborted) {
    try {
      for await (const { id, event, wait } of stream(control, path, last, signal)) {
        lastMessageAt = performance.now()
        last = id ?? last
        if (wait) onWait(wait)
        if (event === undefined || seen.has(event.id)) continue
        seen.add(event.id)
        yield event
        if (event.type === 'cairn.run-ended') return
      }
    } catch (error) {
      if (signal.aborted) return
      const isOutage = error instanceof CairnError ? error.code === 'BUS_FAILED' : true
      if (!isOutage || performance.now() - lastMessageAt > MAX_OUTAGE_MS) throw error
    }
    await sleep(RECONNECT_MS, undefined, { signal }).catch(() => {})
  }
}

interface Message {
  /** The id that stands for all events received so far. */
  readonly id: string | undefined
  /** Undefined for a ping. */
  readonly event: CairnEvent | undefined
  readonly wait?: Waiting
}

/** The server-sent events of one connection, resumed where the last one was cut off. */
async function* stream(
  control: ControlOptions,
  path: string,
  last: string | undefined,
  signal: AbortSignal,
): AsyncIterable<Message> {
  const silence = new AbortController()
  const answer = await askControl(control, path, {
    signal: AbortSignal.any([signal, silence.signal]),
    deadline: null,
    ...(last !== undefined && { headers: { 'last-event-id': last } }),
  })
  let timer = setTimeout(() => silence.abort(), DEAD_AFTER_MS)
  let text = ''
  try {
    for await (const part of answer.body!.pipeThrough(new TextDecoderStream())) {
      clearTimeout(timer)
      timer = setTimeout(() => silence.abort(), DEAD_AFTER_MS)
      const messages = (text + part).split('\n\n')
      text = messages.pop()!
      for (const message of messages) yield parse(message)
    }
  } finally {
    clearTimeout(timer)
  }
}

function parse(message: string): Message {
  const lines = message.split('\n')
  const valuesOf = (name: string) =>
    lines.filter((line) => line.startsWith(`${name}: `)).map((line) => line.slice(name.length + 2))
  const [id] = valuesOf('id')
  const [type = ''] = valuesOf('event')
  const data = () => JSON.parse(valuesOf('data').join('\n')) as unknown
  if (type === 'queued') return { id, event: undefined, wait: data() as Waiting }
  return { id, event: type.startsWith('cairn.') ? (data() as CairnEvent) : undefined }
}
