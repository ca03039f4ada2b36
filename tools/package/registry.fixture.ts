import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Tarball } from './pack.ts'

/** A local package registry with the given tarballs. For all other packages it redirects to another registry. */
export class Registry {
  readonly #server: Server

  private constructor(server: Server) {
    this.#server = server
  }

  static async start(folder: string, tarballs: readonly Tarball[], upstream: string): Promise<Registry> {
    const packages = new Map(tarballs.map((tarball) => [tarball.name, tarball]))
    const server = createServer((request, response) => {
      const path = decodeURIComponent(request.url!.slice(1).split('?')[0]!)
      const found = packages.get(path)
      if (found) {
        const { version, filename, integrity, shasum } = found
        const manifest = JSON.parse(readFileSync(join(folder, path, 'package.json'), 'utf8')) as object
        const dist = { integrity, shasum, tarball: `http://${request.headers.host}/-/${filename}` }
        const packument = {
          name: path,
          'dist-tags': { latest: version },
          versions: { [version]: { ...manifest, dist } },
        }
        response.setHeader('content-type', 'application/json').end(JSON.stringify(packument))
      } else if (path.startsWith('-/') && path.endsWith('.tgz')) {
        response.end(readFileSync(join(folder, path.slice(2))))
      } else response.writeHead(302, { location: new URL(request.url!, upstream).href }).end()
    })
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    return new Registry(server)
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`
  }

  close(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }
}
