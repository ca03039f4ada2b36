import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable, type Writable } from 'node:stream'
import { pipeline as pump } from 'node:stream/promises'
import { CairnError, checkNoOptions, type Connector, type LocalFile } from '@cairn/kernel'

/**
 * A file behind a URL; a name and a password in the URL are sent as HTTP basic authentication. Its version is the
 * server's ETag or the time of its last change, and where the server tells neither, the SHA-256 of the content: that
 * costs a download when a run is planned, unless the source has a cache policy.
 * @throws CairnError SOURCE_UNREACHABLE when the server is not there, refuses, or breaks off
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
      // Opened before: a stream that opens its file itself may fail when nobody listens any more.
      await resource.download((await open(path, 'w')).createWriteStream(), signal)
      return { path }
    },
  }
}

/**
 * What changes with the content. A strong ETag does by itself. Others, and times, which count in seconds, are taken
 * together; a file that changed in the second in which the server answered may change once more within it.
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

/** Something behind a URL, which is shown without what may be a secret in it: user, password and query. */
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

  /** As HEAD gives them, or where that is refused, as it is of a URL that is signed for GET alone, as GET does. */
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
      throw new CairnError('SOURCE_UNREACHABLE', `${this.name} broke off: ${reasonOf(cause)}`, { cause })
    }
  }

  async #get(signal: AbortSignal): Promise<Response> {
    const response = await this.#fetch('GET', signal)
    if (response.ok) return response
    await response.body?.cancel()
    const { status, statusText } = response
    throw new CairnError('SOURCE_UNREACHABLE', `${this.name} answers ${`${status} ${statusText}`.trim()}`, {
      next: `see what ${this.name} needs: curl --head, say`,
    })
  }

  async #fetch(method: string, signal: AbortSignal): Promise<Response> {
    try {
      return await fetch(this.#url, { method, signal, headers: this.#headers })
    } catch (cause) {
      signal.throwIfAborted()
      throw new CairnError('SOURCE_UNREACHABLE', `${this.name} cannot be reached: ${reasonOf(cause)}`, { cause })
    }
  }
}

/** Of the innermost cause, for `fetch` itself says no more than that it failed. */
function reasonOf(error: unknown): string {
  const { message, cause, code } = error as Error & { readonly code?: string }
  return cause ? reasonOf(cause) : message || (code ?? 'no reason given')
}
