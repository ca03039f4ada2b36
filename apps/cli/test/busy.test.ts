import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { CliProject } from './project.fixture.ts'

it('waits for space in the queue, and says once why and for how long', async () => {
  const project = new CliProject({
    'small.pipeline.ts': `import { pipeline, step } from '@cairn/kernel'
import { json } from '@cairn/kinds'
export const load = step('load', { outputs: { n: json<number>() }, run: () => ({ n: 1 }) })
export const small = pipeline('small', () => load({}))
`,
  })
  const why = 'the queue of small is full: 1 may wait'
  const full = { type: 'urn:cairn:problem:TOO_MANY_REQUESTS', code: 'TOO_MANY_REQUESTS', detail: why, status: 429 }
  let asked = 0
  const server = createServer((request, response) => {
    request.resume()
    if (++asked <= 2) response.writeHead(429, { 'retry-after': '1' }).end(JSON.stringify(full))
    else response.writeHead(202, { 'content-type': 'application/json' }).end('{"pipeline":"small","run":"started"}')
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  const context = { env: 'far', control: { url: `http://127.0.0.1:${port}`, token: 't' } }
  project.write({ '.cairn/contexts/far.json': JSON.stringify(context) })
  expect(await project.cairn('run', 'small', '--detach', '--on', 'far')).toEqual({
    code: 0,
    stdout: 'small/started\n',
    stderr: `not started yet: ${why}; retrying every 1.0 s, for up to 30 s\n`,
  })
  expect(asked).toBe(3)
})
