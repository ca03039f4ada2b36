import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import { json } from 'node:stream/consumers'
import type { CairnEvent, EndRecord, Plan, RunEnd, UnfitRecord } from '@cairn/records'

export interface Answer {
  readonly status: number
  readonly body: any
}
export interface ShownRun {
  readonly plan: Plan
  readonly end?: RunEnd
  readonly queue?: object
  readonly unfit: readonly UnfitRecord[]
  readonly tasks: Readonly<Record<string, EndRecord>>
}

/** Asks control as any client would: over HTTP. */
export class ControlClient {
  readonly url: string
  readonly #token: string | undefined

  constructor(url: string, token: string | undefined) {
    this.url = url
    this.#token = token
  }

  as(token: string | undefined): ControlClient {
    return new ControlClient(this.url, token)
  }

  async ask(
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    const answer = await this.fetch(path, {
      method,
      headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const text = await answer.text()
    return { status: answer.status, body: text === '' ? undefined : (JSON.parse(text) as unknown) }
  }

  /** With lines of headers as they are given, also one name several times, which `fetch` would join. */
  async askWith(method: string, path: string, lines: readonly [name: string, value: string][]): Promise<Answer> {
    const { host } = new URL(this.url)
    const own = {
      host,
      authorization: `Bearer ${this.#token}`,
      'content-type': 'application/json',
      'content-length': '2',
    }
    const asked = request(this.url + path, { method, headers: [...Object.entries(own), ...lines].flat() }).end('{}')
    const [answer] = (await once(asked, 'response')) as [IncomingMessage]
    return { status: answer.statusCode!, body: await json(answer) }
  }

  async bytes(path: string): Promise<Buffer> {
    const answer = await this.fetch(path)
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
    return Buffer.from(await answer.arrayBuffer())
  }

  /** @returns the run's name */
  async start(pipeline: string, request: object = {}, headers: Readonly<Record<string, string>> = {}): Promise<string> {
    const { status, body } = await this.ask('POST', `/v1/pipelines/${pipeline}/runs`, request, headers)
    if (status !== 202) throw new Error(`${pipeline} was not started: ${JSON.stringify(body)}`)
    return (body as { run: string }).run
  }

  async show(pipeline: string, run: string): Promise<ShownRun> {
    const { status, body } = await this.ask('GET', `/v1/pipelines/${pipeline}/runs/${run}`)
    if (status !== 200) throw new Error(`${run} is not shown: ${JSON.stringify(body)}`)
    return body as ShownRun
  }

  /** A run as it is shown once it has ended. */
  async ended(pipeline: string, run: string): Promise<ShownRun> {
    for await (const { type } of this.events(pipeline, run)) if (type === 'cairn.run-ended') break
    return this.show(pipeline, run)
  }

  /** What is told of a run, until it has ended or the connection has. */
  async *events(
    pipeline: string,
    run: string,
    headers: Readonly<Record<string, string>> = {},
  ): AsyncGenerator<CairnEvent> {
    for await (const { event } of this.messages(pipeline, run, headers)) yield event
  }

  /** The same, each with the id to go on from. */
  async *messages(
    pipeline: string,
    run: string,
    headers: Readonly<Record<string, string>> = {},
  ): AsyncGenerator<{ readonly id: string; readonly event: CairnEvent }> {
    for await (const { id, type, data } of this.allMessages(pipeline, run, headers))
      if (type.startsWith('cairn.')) yield { id, event: data as CairnEvent }
  }

  /** With those that are no events of the run: its place while it waits for its turn. */
  async *allMessages(
    pipeline: string,
    run: string,
    headers: Readonly<Record<string, string>> = {},
  ): AsyncGenerator<{ readonly id: string; readonly type: string; readonly data: unknown }> {
    const closing = new AbortController()
    const answer = await this.fetch(`/v1/pipelines/${pipeline}/runs/${run}/events`, { headers, signal: closing.signal })
    if (!answer.ok) throw new Error(`${run} is not told of: ${answer.status} ${await answer.text()}`)
    try {
      let text = ''
      for await (const part of answer.body!.pipeThrough(new TextDecoderStream())) {
        text += part
        const messages = text.split('\n\n')
        text = messages.pop()!
        for (const message of messages) {
          const of = (name: string) => new RegExp(`^${name}: (.+)$`, 'm').exec(message)?.[1]
          const data = of('data')
          if (data !== undefined)
            yield { id: of('id') ?? '', type: of('event') ?? '', data: JSON.parse(data) as unknown }
        }
      }
    } finally {
      closing.abort()
    }
  }

  fetch(
    path: string,
    { headers, ...init }: Omit<RequestInit, 'headers'> & { readonly headers?: Readonly<Record<string, string>> } = {},
  ): Promise<Response> {
    const authorization = this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` }
    return fetch(this.url + path, { ...init, headers: { ...authorization, ...headers } })
  }
}
