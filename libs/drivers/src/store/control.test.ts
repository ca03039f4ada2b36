import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { askControl } from './control.ts'

let server: Server
let requests: string[]
const listen = (port = 0) =>
  new Promise<void>((resolve) => {
    server = createServer(({ method, url }, response) => {
      requests.push(`${method} ${url}`)
      response.end('{}')
    }).listen(port, '127.0.0.1', resolve)
  })
const stop = () => {
  server.closeAllConnections()
  return new Promise((resolve) => server.close(resolve))
}
const control = () => ({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, token: 'x' })
beforeEach(async () => {
  requests = []
  await listen()
})
afterEach(stop)

it.each([
  ['GET', {}],
  ['PUT', {}],
  ['POST', { 'idempotency-key': 'one' }],
])('repeats a %s request while control restarts', async (method, headers) => {
  const { url, token } = control()
  await askControl({ url, token }, '/before')
  await stop()
  const asked = askControl({ url, token }, '/after', { method, headers })
  await listen(Number(new URL(url).port))
  expect((await asked).status).toBe(200)
  expect(requests).toEqual(['GET /before', `${method} /after`])
})

it('fails at once while control restarts if the request may not be repeated', async () => {
  const to = control()
  await askControl(to, '/before')
  await stop()
  await expect(askControl(to, '/after', { method: 'POST' })).rejects.toMatchObject({ code: 'BUS_FAILED' })
  await listen()
})

it('fails at once if control has never answered this process', async () => {
  const to = control()
  await stop()
  await expect(askControl(to, '/')).rejects.toMatchObject({ code: 'BUS_FAILED' })
  await listen()
})

it('repeats a request with an idempotency key if its response is lost, even the first one to control', async () => {
  const to = control()
  const headers = { 'idempotency-key': 'one' }
  server.prependOnceListener('request', (request) => void request.socket.destroy())
  expect((await askControl(to, '/runs', { method: 'POST', headers })).status).toBe(200)
  expect(requests).toEqual(['POST /runs', 'POST /runs'])
})

it('a request whose body cannot be read fails at once', async () => {
  const to = control()
  await askControl(to, '/before')
  let bodies = 0
  const body = () => {
    bodies++
    return new ReadableStream({ start: (stream) => stream.error(new Error('it cannot be read')) })
  }
  await expect(askControl(to, '/after', { method: 'PUT', body })).rejects.toMatchObject({ code: 'BUS_FAILED' })
  expect(bodies).toBe(1)
})
