import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable, type Writable } from 'node:stream'
import { pipeline as pump } from 'node:stream/promises'
import { CairnError, checkNoOptions, type Connector, type LocalFile } from '@cairn/kernel'

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
  const resource = new Resource(url)
  return {
    describes: resource.name,
    async version({ signal, hasCachePolicy }) {
      const told = validatorOf(await resource.headers(signal))
      if (told !== undefined || hasCachePolicy) return told
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

/**
 * Returns a text that changes with the content; undefined if the headers give none. A strong ETag is enough. Otherwise
 * the ETag, the time of the last change and the length are joined. Without an ETag, the last change must be more than a
 * second before the response: HTTP times have a resolution of a second, so another change could leave the same time.
 * https://www.rfc-editor.org/rfc/rfc9110#section-8.8
 */
function validatorOf(headers: Headers): string | undefined {
  const etag = headers.get('etag')
  if (etag?.startsWith('"')) return etag
  const modified = headers.get('last-modified')
  const age = Date.parse(headers.get('date') ?? '') - Date.parse(modified ?? '')
  if (etag === null && !(age > 1_000)) return undefined
  return [etag, modified, headers.get('content-length')].filter((part) => part !== null).join(' ')
}

/** A file at a URL. Its name leaves out the parts of the URL that may be secret: user, password and query. */
class Resource {
  readonly name: string
  readonly #url: string
  readonly #headers: Record<string, string>

  constructor(text: string) {
    const url = URL.parse(text)
    if (!url || !/^https?:$/.test(url.protocol))
      throw new CairnError('BAD_DEFINITION', 'fromUrl takes an absolute URL that begins with http:// or https://', {
        next: 'for a file of the project use fromFile("data/flights.csv")',
      })
    const { username, password, search } = url
    const credentials = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`)
    this.#headers = username || password ? { authorization: `Basic ${credentials.toString('base64')}` } : {}
    url.username = url.password = url.hash = ''
    this.#url = url.href
    this.name = `${url.origin}${url.pathname}${search && '?…'}`
  }

  /** Returns the headers of a HEAD request, or of GET if HEAD is refused: a URL may be signed for GET alone. */
  async headers(signal: AbortSignal): Promise<Headers> {
    const { ok, headers } = await this.#fetch('HEAD', signal)
    if (ok) return headers
    const response = await this.#get(signal)
    await response.body?.cancel()
    return response.headers
  }

  async download(into: Writable, signal: AbortSignal): Promise<void> {
    const { body } = await this.#get(signal)
    try {
      await pump(body ? Readable.fromWeb(body as never) : Readable.from([]), into, { signal })
    } catch (cause) {
      signal.throwIfAborted()
      throw new CairnError('SOURCE_UNREACHABLE', `the download of ${this.name} was interrupted: ${reasonOf(cause)}`, {
        cause,
      })
    }
  }

  async #get(signal: AbortSignal): Promise<Response> {
    const response = await this.#fetch('GET', signal)
    if (response.ok) return response
    await response.body?.cancel()
    const { status, statusText } = response
    throw new CairnError('SOURCE_UNREACHABLE', `${this.name} returned ${`${status} ${statusText}`.trim()}`, {
      next: `check the address and the access rights: curl --head '${this.name}'`,
    })
  }

  async #fetch(method: string, signal: AbortSignal): Promise<Response> {
    try {
      return await fetch(this.#url, { method, signal, headers: this.#headers })
    } catch (cause) {
      signal.throwIfAborted()
      throw new CairnError('SOURCE_UNREACHABLE', `cannot connect to ${this.name}: ${reasonOf(cause)}`, { cause })
    }
  }
}

/** Returns the message of the innermost cause: the error of `fetch` itself says only that it failed. */
function reasonOf(error: unknown): string {
  const { message, cause, code } = error as Error & { readonly code?: string }
  return cause ? reasonOf(cause) : message || (code ?? 'unknown reason')
}
