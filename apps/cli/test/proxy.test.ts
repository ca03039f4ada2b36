import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { afterEach, expect, it } from 'vitest'
import { CliProject } from './project.fixture.ts'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

/** Answers nothing of use, and notes what it was asked. */
async function listening() {
  const asked: string[] = []
  const note = (url: string | undefined) => void asked.push(url!)
  const server = createServer(({ url }, response) => (note(url), response.writeHead(404).end()))
  server.on('connect', ({ url }, socket) => (note(url), socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n')))
  servers.push(server)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked }
}

it.each([
  ['', undefined],
  [', also with exceptions of its own', 'example.org'],
])('connects to local services directly if a proxy is set%s', async (_, exceptions) => {
  const project = new CliProject({})
  const [near, proxy] = [await listening(), await listening()]
  const context = { env: 'near', control: { url: near.url, token: 'a' } }
  project.write({ '.cairn/contexts/near.json': JSON.stringify(context) })
  const env = {
    NODE_USE_ENV_PROXY: '1',
    HTTP_PROXY: proxy.url,
    http_proxy: proxy.url,
    ...(exceptions && { no_proxy: exceptions }),
  }
  await project.cairnWith(env, 'runs', '--on', 'near')
  expect(proxy.asked).toEqual([])
  expect(near.asked.length).toBeGreaterThan(0)
})
