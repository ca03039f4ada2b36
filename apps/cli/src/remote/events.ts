import { setTimeout as sleep } from 'node:timers/promises'
import { CairnError, type CairnEvent } from '@cairn/kernel/runtime'
import { askControl, type ControlOptions } from '@cairn/drivers/store/control'

/** Without a word for so long, the connection is taken for dead. Milliseconds. */
const SILENCE_MS = 45_000
const AGAIN_MS = 1_000
/** How long the control service may be away. Milliseconds. */
const PATIENCE_MS = 10 * 60_000

/** The events of a run, each once, until it has ended or the signal is given. Control may come and go meanwhile. */
export async function* eventsOf(
  control: ControlOptions,
  pipeline: string,
  run: string,
  signal: AbortSignal,
): AsyncIterable<CairnEvent> {
  const seen = new Set<string>()
  let heardAt = performance.now()
  while (!signal.aborted) {
    try {
      for await (const event of stream(control, `/v1/pipelines/${pipeline}/runs/${run}/events`, signal)) {
        heardAt = performance.now()
        if (event === undefined || seen.has(event.id)) continue
        seen.add(event.id)
        yield event
        if (event.type === 'cairn.run-ended') return
      }
    } catch (error) {
      if (signal.aborted) return
      const isAway = error instanceof CairnError ? error.code === 'BUS_FAILED' : true
      if (!isAway || performance.now() - heardAt > PATIENCE_MS) throw error
    }
    await sleep(AGAIN_MS, undefined, { signal }).catch(() => {})
  }
}

/** One connection's server-sent events; undefined for what only says that it lives. */
async function* stream(
  control: ControlOptions,
  path: string,
  signal: AbortSignal,
): AsyncIterable<CairnEvent | undefined> {
  const silence = new AbortController()
  const answer = await askControl(control, path, { signal: AbortSignal.any([signal, silence.signal]), deadline: null })
  let timer = setTimeout(() => silence.abort(), SILENCE_MS)
  let text = ''
  try {
    for await (const part of answer.body!.pipeThrough(new TextDecoderStream())) {
      clearTimeout(timer)
      timer = setTimeout(() => silence.abort(), SILENCE_MS)
      const messages = (text + part).split('\n\n')
      text = messages.pop()!
      for (const message of messages) yield parse(message)
    }
  } finally {
    clearTimeout(timer)
  }
}

function parse(message: string): CairnEvent | undefined {
  const lines = message.split('\n')
  if (!lines.some((line) => line.startsWith('event: cairn.'))) return undefined
  const data = lines.filter((line) => line.startsWith('data: ')).map((line) => line.slice('data: '.length))
  return JSON.parse(data.join('\n')) as CairnEvent
}
