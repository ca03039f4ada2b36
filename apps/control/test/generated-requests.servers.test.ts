import { randomUUID } from 'node:crypto'
import { Ajv } from 'ajv'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { requestsOf, type Document, type Generated, type Schema } from './requests.fixture.ts'
import { Services, type Control } from './services.fixture.ts'
import { TemporaryProject } from './temporary-project.fixture.ts'

/** How many requests are sent; in all that are sent at one time. */
const REQUESTS = Number(process.env['CAIRN_TEST_REQUESTS'] ?? 600)
const AT_ONCE = 12

const servers = inject('servers')

/** What was asked and answered, in a line that says it all. */
function asText(exchange: object): string {
  return JSON.stringify(exchange, (_, value: unknown) => (typeof value === 'string' ? value.slice(0, 300) : value))
}

describe.skipIf(!servers)('any request to control', () => {
  const env = `requests-${randomUUID().slice(0, 8)}`
  const project = new TemporaryProject('orders', env)
  const ajv = new Ajv({ strict: false, validateFormats: false })
  let services: Services
  let control: Control
  let document: Document
  let run: string

  beforeAll(async () => {
    services = await Services.open(servers!, { env, root: project.root, pipelines: ['orders'] })
    control = await services.control({
      CAIRN_SWEEP: '3600',
      CAIRN_TOKEN_RATE: '100000',
      CAIRN_TOKEN_REQUESTS: '1000',
      CAIRN_PLAN_QUEUE: '1000',
    })
    run = await control.client.start('orders')
    document = (await control.client.ask('GET', '/v1/openapi.json')).body as Document
  })
  afterAll(async () => {
    await services?.close()
    project.remove()
  })

  const problemSchema = () => document.components.schemas['Problem']!
  const resolved = (schema: Schema & { readonly $ref?: string }) =>
    schema.$ref === undefined ? schema : problemSchema()

  /** What is wrong with an answer, by the document. */
  const faultOf = (request: Generated, status: number, type: string, body: string): string | undefined => {
    const { pathname } = new URL(request.path, 'http://control') // as it is sent: without `.` and `..`
    const isOf = (template: string) => new RegExp(`^${template.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(pathname)
    const template = Object.keys(document.paths).find(isOf)
    const operation = template === undefined ? undefined : document.paths[template]?.[request.method.toLowerCase()]
    const isNotReady = status === 503 && template === '/health/ready' // on a busy machine
    if (status >= 500 && !isNotReady) return 'the service failed'
    if (!operation) return status >= 400 && status < 500 ? faultIn(problemSchema(), body) : 'it is no operation'
    const answer = operation.responses[status]
    if (!answer) return 'the status is not documented'
    const [[wanted, { schema }] = ['', { schema: {} }]] = Object.entries(answer.content ?? {})
    if (type.split(';')[0] !== wanted) return `the content type is not ${wanted}`
    return wanted.endsWith('json') ? faultIn(resolved(schema), body) : undefined
  }
  const faultIn = (schema: Schema, body: string): string | undefined =>
    ajv.validate(schema, JSON.parse(body)) ? undefined : ajv.errorsText()

  const send = async (request: Generated): Promise<void> => {
    const { method, path, headers, body } = request
    const cut = new AbortController()
    const answer = await control.client.fetch(path, {
      method,
      headers,
      ...(body !== undefined && { body: Buffer.from(body) }),
      signal: cut.signal,
    })
    const type = answer.headers.get('content-type') ?? ''
    const text = type.startsWith('text/event-stream') ? '' : await answer.text()
    cut.abort()
    const fault = faultOf(request, answer.status, type, text)
    if (fault !== undefined) throw new Error(`${fault}: ${asText({ ...request, status: answer.status, text })}`)
    for (const secret of [services.connection.s3.endpoint, services.connection.s3.secretKey])
      expect(text).not.toContain(secret)
  }

  it(`is answered as the document says, and never fails (${REQUESTS} generated requests)`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(requestsOf(document), { minLength: AT_ONCE, maxLength: AT_ONCE }), async (requests) => {
        await Promise.all(requests.map(send))
      }),
      { numRuns: Math.ceil(REQUESTS / AT_ONCE), endOnFailure: true },
    )
    expect((await control.client.as(undefined).ask('GET', '/health/live')).status).toBe(200)
    expect(control.log).not.toContain('"level":50')
  })

  it('streams each event of a run as the document says', async () => {
    const path = '/v1/pipelines/{pipeline}/runs/{run}/events'
    const { schema } = document.paths[path]!['get']!.responses[200]!.content!['text/event-stream']!
    const answer = await control.client.fetch(path.replace('{pipeline}', 'orders').replace('{run}', run))
    let text = ''
    for await (const part of answer.body!.pipeThrough(new TextDecoderStream()))
      if ((text += part).trimStart().endsWith('\n\n')) break
    const [first = ''] = text.trimStart().split('\n\n')
    const fields = first.split('\n').map((line) => /^(\w+): ?(.*)$/.exec(line)!.slice(1))
    expect(faultIn(schema, JSON.stringify(Object.fromEntries(fields)))).toBeUndefined()
  })
})
