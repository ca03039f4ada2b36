import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { CairnError, checkNoOptions, type Connector, type LocalFile } from '@cairn/kernel'
import { Resource, validatorOf } from './http.ts'

/**
 * Connects a source to a file at a URL. A user and password in the URL are sent as HTTP basic authentication.
 *
 * The version of the file is the server's ETag or Last-Modified time. If the server sends neither, the version is the
 * SHA-256 of the content, which costs a download when a run is planned. A source with a `cache` policy avoids this: the
 * content then has no version.
 *
 * @param url absolute, with http or https
 * @throws CairnError BAD_DEFINITION for another URL
 * @throws CairnError SOURCE_UNREACHABLE when the server cannot be reached, refuses, or breaks off the transfer
 * @example
 * reads: { flights: fromUrl('https://example.org/flights.csv') }
 */
export function fromUrl(url: string): Connector<LocalFile>
export function fromUrl(url: string, ...more: readonly unknown[]): Connector<LocalFile> {
  checkNoOptions(more, 'fromUrl')
  const resource = resourceAt(url)
  return {
    name: resource.name,
    async version({ signal, hasCachePolicy }) {
      const validator = validatorOf(await resource.headers(signal))
      if (validator !== undefined || hasCachePolicy) return validator
      const hash = createHash('sha256')
      await resource.download(hash, signal)
      return `sha256 ${hash.digest('hex')}`
    },
    async open({ signal, scratch }) {
      const path = join(scratch, 'download')
      // Opens the file first: a stream that opens it later may emit an error when no listener is attached any more.
      await resource.download((await open(path, 'w')).createWriteStream(), signal)
      return { path }
    },
  }
}

/** A file at a URL. Its name leaves out the parts of the URL that may be secret: user, password and query. */
function resourceAt(text: string): Resource {
  const url = URL.parse(text)
  if (!url || !/^https?:$/.test(url.protocol))
    throw new CairnError('BAD_DEFINITION', 'fromUrl takes an absolute URL that begins with http:// or https://', {
      next: 'for a file of the project use fromFile("data/flights.csv")',
    })
  const { username, password, search } = url
  const credentials = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`)
  const headers: Record<string, string> =
    username || password ? { authorization: `Basic ${credentials.toString('base64')}` } : {}
  url.username = url.password = url.hash = ''
  const name = `${url.origin}${url.pathname}${search && '?…'}`
  return new Resource(name, (method, signal) => fetch(url.href, { method, signal, headers }))
}
