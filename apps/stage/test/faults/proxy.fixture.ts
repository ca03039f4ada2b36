import * as http from 'node:http'
import type { AddressInfo } from 'node:net'

export type Fault =
  | 'answer lost' // the server executes the request, and the connection breaks
  | 'request lost' // the server does not receive the request, and the connection breaks
  | 'cut off' // half of the first chunk of the body reaches the server, and the connection breaks
  | 'denied' // 403
  | 'busy' // 503

interface Rule {
  readonly fault: Fault
  readonly matches: (method: string, path: string) => boolean
  readonly strike: () => void
  left: number
}

export type S3Proxy = Awaited<ReturnType<typeof s3Proxy>>

/** Starts a proxy between stages and MinIO that causes faults on request. It streams bodies in both directions. */
export async function s3Proxy(upstream: string) {
  const { hostname, port } = new URL(upstream)
  const agent = new http.Agent({ keepAlive: true, maxSockets: 64 })
  const rules = new Set<Rule>()

  const faultFor = (method: string, path: string): Fault | undefined => {
    for (const rule of rules) {
      if (!rule.matches(method, path)) continue
      if (--rule.left === 0) rules.delete(rule)
      rule.strike()
      return rule.fault
    }
    return undefined
  }
  const server = http.createServer((request, response) => {
    const { method = '', url = '', headers } = request
    const fault = faultFor(method, url)
    const hangUp = () => request.socket.destroy()
    if (fault === 'request lost') return void hangUp()
    if (fault === 'denied' || fault === 'busy') {
      const code = fault === 'busy' ? 'SlowDown' : 'AccessDenied'
      request.resume().on('end', () => {
        response.writeHead(fault === 'busy' ? 503 : 403).end(`<Error><Code>${code}</Code><Message>no</Message></Error>`)
      })
      return
    }
    const sent = http.request({ hostname, port, method, path: url, headers, agent }, (answer) => {
      if (fault === 'answer lost') return void answer.resume().on('end', hangUp)
      response.writeHead(answer.statusCode!, answer.headers)
      answer.pipe(response).on('close', () => answer.destroy())
      answer.on('aborted', hangUp)
    })
    sent.on('error', hangUp)
    request.on('aborted', () => sent.destroy())
    if (fault !== 'cut off') return void request.pipe(sent)
    request.once('data', (piece: Buffer) => {
      sent.write(piece.subarray(0, Math.ceil(piece.length / 2)), () => {
        sent.destroy()
        hangUp()
      })
    })
  })
  server.keepAliveTimeout = 60_000
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))

  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** Causes a fault in the next `times` requests of a method whose path matches. Resolves at the first one. */
    next(fault: Fault, method: string, path: RegExp, times = 1): Promise<void> {
      const struck = Promise.withResolvers<void>()
      rules.add({
        fault,
        matches: (asked, at) => asked === method && path.test(at),
        strike: struck.resolve,
        left: times,
      })
      return struck.promise
    },
    /** Cancels all pending faults. */
    heal: () => rules.clear(),
    async close() {
      agent.destroy()
      server.closeAllConnections()
      await new Promise<void>((closed) => void server.close(() => closed()))
    },
  }
}
