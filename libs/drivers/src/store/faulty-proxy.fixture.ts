import * as http from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

export type Fault =
  | 'request lost' // the server never hears of it, and the connection breaks
  | 'answer lost' // the server does it, and the connection breaks
  | 'no answer' // the server does it, and nothing comes back
  | 'sent twice' // the server does it, is asked again, and the second answer comes back
  | 'cut short' // half of the answer's body comes back
  | 'damaged' // a byte of the answer's body is another
  | 'too few' // half of the answer's body comes back, as if it were all
  | 'another part' // the answer says that its bytes are of another part
  | 'busy' // 503

export type Watch = (moment: 'before' | 'after', method: string, path: string) => Promise<void>

/** Stands between a store and its server, and does wrong what it is told to. */
export async function faultyProxy(upstream: string) {
  const faults: { readonly fault: Fault; readonly method: string; readonly before?: () => Promise<unknown> }[] = []
  const heard: string[] = []
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
    const content = await buffer(answer) // until it is read the server keeps the object from being replaced
    await watch('after', method, url)
    heard.push(`${request.method} ${answer.statusCode}`)
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
    /** `GET 200` and so on: what the server was asked, and answered. */
    heard,
    /** The next request of a method meets a fault; `before` happens after the server has done it. */
    next(method: string, fault: Fault, before?: () => Promise<unknown>): void {
      faults.push({ method, fault, ...(before && { before }) })
    },
    /** Sees each request from now on, before the server does it and after; it goes on when the watcher is done. */
    watch(watcher: Watch): void {
      watch = watcher
    },
  }
}

/** A server that answers in its own way. */
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
