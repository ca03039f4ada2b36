import * as http from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

export type Fault =
  | 'request lost' // the server does not receive the request, and the connection breaks
  | 'answer lost' // the server executes the request, and the connection breaks
  | 'no answer' // the server executes the request, but no response arrives
  | 'sent twice' // the server receives the request twice, and the second response arrives
  | 'cut short' // half of the response body arrives, and the connection breaks
  | 'damaged' // one bit of the response body is wrong
  | 'too few' // half of the response body arrives, with a matching content-length
  | 'another part' // the response has the content-range of another part
  | 'busy' // 503

export type Watch = (moment: 'before' | 'after', method: string, path: string) => Promise<void>

/** Starts a proxy between a store and its server that causes faults on request. */
export async function faultyProxy(upstream: string) {
  const faults: { readonly fault: Fault; readonly method: string; readonly before?: () => Promise<unknown> }[] = []
  const received: string[] = []
  let watch: Watch = async () => {}

  const forward = async ({ method, url, headers }: http.IncomingMessage, body: Buffer): Promise<http.IncomingMessage> =>
    new Promise((resolve, reject) =>
      http
        .request(upstream + url, { method: method!, headers, agent: false }, resolve)
        .on('error', reject)
        .end(body),
    )
  const handle = async (request: http.IncomingMessage, response: http.ServerResponse): Promise<void> => {
    const index = faults.findIndex(({ method }) => method === request.method)
    const [{ fault, before } = { fault: undefined, before: undefined }] = index < 0 ? [] : faults.splice(index, 1)
    if (fault === 'request lost') return void request.socket.destroy()
    if (fault === 'busy') {
      request.resume()
      response.writeHead(503).end('<Error><Code>SlowDown</Code><Message>later</Message></Error>')
      return
    }
    const body = await buffer(request)
    const { method = '', url = '' } = request
    await watch('before', method, url)
    const answer = await forward(request, body)
    const content = await buffer(answer) // the server locks the object until its content is read
    await watch('after', method, url)
    received.push(`${request.method} ${answer.statusCode}`)
    await before?.()
    if (fault === 'no answer') return
    if (fault === 'answer lost') return void request.socket.destroy()
    if (fault === 'sent twice') {
      const second = await forward(request, body)
      response.writeHead(second.statusCode!, second.headers).end(await buffer(second))
      return
    }
    if (fault === 'damaged') content[content.length >> 1]! ^= 1
    const half = content.subarray(0, content.length / 2)
    const { headers } = answer
    if (fault === 'another part') headers['content-range'] = 'bytes 0-1/2'
    if (fault === 'too few') headers['content-length'] = String(half.length)
    response.writeHead(answer.statusCode!, headers)
    if (fault === 'cut short') response.write(half, () => request.socket.destroy())
    else response.end(fault === 'too few' ? half : content)
  }
  const server = await serverOf((request, response) => {
    handle(request, response).catch(() => request.socket.destroy())
  })

  return {
    ...server,
    /** Method and status of each request that the server answered, such as `GET 200`. */
    received,
    /**
     * Causes a fault in the next request of a method. `before` runs after the server has answered, before the fault.
     */
    next(method: string, fault: Fault, before?: () => Promise<unknown>): void {
      faults.push({ method, fault, ...(before && { before }) })
    },
    /** Calls `watcher` before and after the server answers each request, and waits for it. */
    watch(watcher: Watch): void {
      watch = watcher
    },
  }
}

/** Starts an HTTP server on 127.0.0.1. */
export async function serverOf(listener: http.RequestListener): Promise<{ endpoint: string; close(): Promise<void> }> {
  const server = http.createServer(listener)
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.closeAllConnections()
      return new Promise((closed) => void server.close(() => closed()))
    },
  }
}
