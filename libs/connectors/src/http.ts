import { Readable, type Writable } from 'node:stream'
import { pipeline as pump } from 'node:stream/promises'
import { CairnError } from '@cairn/kernel'

/**
 * Returns a text that changes with the content; undefined if the headers give none. A strong ETag is enough. Otherwise
 * the ETag, the time of the last change and the length are joined. Without an ETag, the last change must be more than a
 * second before the response: HTTP times have a resolution of a second, so another change could leave the same time.
 * https://www.rfc-editor.org/rfc/rfc9110#section-8.8
 */
export function validatorOf(headers: Headers): string | undefined {
  const etag = headers.get('etag')
  if (etag?.startsWith('"')) return etag
  const modified = headers.get('last-modified')
  const age = Date.parse(headers.get('date') ?? '') - Date.parse(modified ?? '')
  if (etag === null && !(age > 1_000)) return undefined
  return [etag, modified, headers.get('content-length')].filter((part) => part !== null).join(' ')
}

/** A file that is read with HTTP. Its errors show only its name. */
export class Resource {
  readonly name: string
  readonly #send: (method: string, signal: AbortSignal) => Promise<Response>

  /**
   * @param name what people see; without passwords
   * @param send sends a request
   */
  constructor(name: string, send: (method: string, signal: AbortSignal) => Promise<Response>) {
    this.name = name
    this.#send = send
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
      return await this.#send(method, signal)
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
