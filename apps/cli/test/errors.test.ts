import { createServer, type AddressInfo } from 'node:net'
import { expect, it } from 'vitest'
import { CliProject, type StepSummary } from './project.fixture.ts'

/** Where no one listens. */
const port = await new Promise<number>((found) => {
  const server = createServer()
  server.listen(0, '127.0.0.1', () => {
    const { port } = server.address() as AddressInfo
    server.close(() => found(port))
  })
})
const SECRET = 'correct-horse/battery+staple'

/** What each step throws. */
const THROWS = {
  refused: `await fetch('http://127.0.0.1:' + port)`,
  nothing: `await Promise.reject()`,
  text: `throw 'just text'`,
  object: `throw { status: 503, inner: { list: [1, 2n, secrets.TOKEN] } }`,
  cyclic: `throw loop()`,
  symbol: `throw Symbol('odd')`,
  getters: `throw { get message() { throw new Error('asked') }, get name() { throw new Error('asked') }, toJSON() { throw new Error('asked') } }`,
  proxy: `throw new Proxy({}, { get() { throw 1 }, has() { throw 1 }, ownKeys() { throw 1 }, getPrototypeOf() { throw 1 } })`,
  huge: `throw Object.fromEntries(Array.from({ length: 50_000 }, (_, at) => ['key' + at, 'x'.repeat(500)]))`,
  other: `vm.runInNewContext("throw Object.assign(new RangeError('of another realm'), { code: 'E_REALM' })")`,
  several: `throw new AggregateError([new TypeError('the first'), new NoPage('/b'), 'third'], 'all failed')`,
  chain: `throw new Error('outer', { cause: new NoPage('/a', { cause: { url: 'https://host/?token=' + encodeURIComponent(secrets.TOKEN) } }) })`,
  deep: `throw nested(60)`,
  long: `throw new Error('y'.repeat(7_990) + secrets.TOKEN)`,
  steering: String.raw`throw new Error('\u001b[31mred\nsecond line\u202e')`,
}
const ON: Partial<Record<keyof typeof THROWS, string>> = {
  refused: 'ECONNREFUSED',
  object: '503',
  other: 'E_REALM',
  several: 'RequestFailed',
  chain: 'NoPage',
  deep: 'E_BOTTOM',
  text: 'TypeError',
}

const project = new CliProject({
  'errors.ts': `class RequestFailed extends Error {}
export class NoPage extends RequestFailed {
  readonly status = 404
  constructor(path: string, options?: ErrorOptions) {
    super('no page ' + path, options)
  }
}
export function loop(): object {
  const thing: Record<string, unknown> = { name: 'loop' }
  thing.self = thing
  return thing
}
export function nested(levels: number): Error {
  if (levels > 0) return new Error('level ' + levels, { cause: nested(levels - 1) })
  return Object.assign(new Error('bottom'), { code: 'E_BOTTOM' })
}
`,
  'errors.pipeline.ts': `import vm from 'node:vm'
import { pipeline, step } from '@cairn/kernel'
import { json } from '@cairn/kinds'
import { loop, nested, NoPage } from './errors.ts'
const Text = json<string>()
const port = ${port}
${Object.entries(THROWS)
  .map(
    ([name, body]) => `export const ${name} = step('${name}', {
  outputs: { text: Text },
  secrets: ['TOKEN'],
  acknowledge: ['network', 'dynamic code'],
  ${name in ON ? `retry: { times: 1, backoff: '1ms', on: ['${ON[name as keyof typeof ON]}'] },` : ''}
  async run(_, __, { secrets }): Promise<{ text: string }> {
    ${body}
    return { text: '' }
  },
})`,
  )
  .join('\n')}
export const caught = step('caught', {
  outputs: { text: Text },
  catch: (error) => {
    const { code, cause } = error as Error & { code?: string; cause?: Error & { status?: number } }
    return { text: [error.name, code, cause?.name, cause?.message, cause?.status].join(' ') }
  },
  run: (): { text: string } => {
    throw Object.assign(new TypeError('no', { cause: new NoPage('/c') }), { code: 'E_OWN' })
  },
})
export const errors = pipeline('errors', () => {
  ${Object.keys(THROWS)
    .map((name) => `${name}({})`)
    .join('\n  ')}
  return caught({})
})
`,
})
const cairn = (...args: string[]) => project.cairnWith({ CAIRN_SECRET_TOKEN: SECRET }, ...args)

it('shows any thrown value with its causes, without secrets and terminal control characters', async () => {
  const { code, stdout, stderr } = await cairn('run', 'errors')
  expect(code, stderr).toBe(3)
  const of = (step: string) => new RegExp(`^✘ ${step}  [^]*?\n\n`, 'm').exec(stdout)?.[0] ?? ''
  expect(of('refused')).toMatch(
    new RegExp(`TypeError: fetch failed\n[^]*caused by  .*ECONNREFUSED.* address: '127.0.0.1', port: ${port}`),
  )
  expect(of('nothing')).toContain('a value that is not an Error was thrown: undefined')
  expect(of('text')).toContain('✘ text  just text\n')
  expect(of('object')).toContain(`✘ object  { status: 503, inner: { list: [ 1, '2n', '***' ] } }`)
  expect(of('cyclic')).toContain(`{ name: 'loop', self: '[circular]' }`)
  expect(of('symbol')).toContain('a value that is not an Error was thrown: Symbol(odd)')
  expect(of('getters')).toContain(`{ message: '[getter]', name: '[getter]', toJSON: '[function toJSON]' }`)
  expect(of('proxy')).toContain('[Proxy]')
  expect(of('huge').length).toBeLessThan(20_000)
  expect(of('other')).toContain(`RangeError: of another realm  { code: 'E_REALM' }`)
  expect(of('several')).toMatch(
    /AggregateError: all failed[^]*1 of 3 {2}TypeError: the first[^]*2 of 3 {2}NoPage: no page \/b {2}\{ status: 404 \}[^]*3 of 3 {2}third/,
  )
  expect(of('chain')).toMatch(
    /outer[^]*caused by {2}NoPage: no page \/a {2}\{ status: 404 \}[^]*caused by {2}\{ url: 'https:\/\/host\/\?token=\*\*\*' \}/,
  )
  expect(of('chain')).toMatch(/at .*\(errors\.pipeline\.ts:\d+:\d+\)/)
  expect(of('deep')).toMatch(/level 60[^]*… and \d+ more[^]*caused by {2}bottom {2}\{ code: 'E_BOTTOM' \}/)
  expect(of('steering')).toContain('\\u001b[31mred\n  second line\\u202e')
  expect(stdout).not.toMatch(/\u001b|\u202e/)
  for (const told of [SECRET, encodeURIComponent(SECRET), SECRET.slice(0, 8)]) expect(stdout).not.toContain(told)
  expect(stdout).toContain('TypeError E_OWN NoPage no page /c 404')
})

it('retries by the name of an error, its class, its cause or an inner error', async () => {
  const { steps } = JSON.parse((await cairn('--json', 'run', 'errors')).stdout) as {
    steps: Record<string, StepSummary>
  }
  const tried = Object.keys(ON).map((name) => [name, steps[name]!.attempts])
  expect(Object.fromEntries(tried)).toEqual({
    refused: 2,
    object: 1, // its status is no code
    other: 2,
    several: 2,
    chain: 2,
    deep: 2,
    text: 1,
  })
})

it('records the error in bounded size: show, logs and JSON agree', async () => {
  const shown = await cairn('show', 'errors/latest/chain')
  expect(shown.stdout).toMatch(/attempt 1 {2}outer[^]*error {2}outer[^]*caused by {2}NoPage: no page \/a/)
  const logged = await cairn('logs', 'errors/latest/deep')
  expect(logged.stderr).toBe('deep failed: level 60: bottom\n')
  const { stdout } = await cairn('--json', 'show', 'errors/latest')
  const { tasks } = JSON.parse(stdout) as { tasks: Record<string, { items: { error?: unknown }[] }> }
  expect(tasks['chain']!.items[0]!.error).toMatchObject({
    code: 'STEP_FAILED',
    name: 'Error',
    message: 'outer',
    cause: { name: 'NoPage', message: 'no page /a', fields: { status: 404 }, cause: { name: 'Object' } },
  })
  for (const file of project.stored()) {
    const text = project.read(`.cairn${file}`)
    for (const told of [SECRET, encodeURIComponent(SECRET)]) expect(text.includes(told), file).toBe(false)
    if (file.includes('/ends/')) expect(text.length, file).toBeLessThan(60_000)
  }
})
