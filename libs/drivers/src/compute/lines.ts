import { StringDecoder } from 'node:string_decoder'
import { dependsOnNeighbours, longestMatch, maskedBeside, maskedStart, type Secrets } from '@cairn/secrets'

/** Maximum number of characters shown of a line. The rest is only counted. */
const LINE_LIMIT = 16_384

/**
 * Splits a stream of bytes into lines and masks secrets. A carriage return ends a line, too, so that each state of a
 * progress bar is one. Characters that are split between writes are joined, and invalid UTF-8 becomes U+FFFD. A line
 * that may be a short line of a secret is held back until the next line is known.
 */
export class Lines {
  readonly #hear: (line: string) => void
  readonly #secrets: Secrets
  /** Maximum number of characters held of a line: those shown, plus the length of a secret that may begin there. */
  readonly #limit: number
  #decoder = new StringDecoder('utf8')
  #begun = ''
  #leftOut = 0
  #returned = false
  /** The last line that was not empty. */
  #before = ''
  /** Lines held back until the next line that is not empty. */
  #waiting: { line: string; readonly leftOut: number }[] = []

  constructor(secrets: Secrets, hear: (line: string) => void) {
    this.#secrets = secrets
    this.#hear = hear
    this.#limit = LINE_LIMIT + longestMatch(secrets)
  }

  add(bytes: string | Uint8Array): void {
    const text = typeof bytes === 'string' ? bytes : this.#decoder.write(bytes)
    let from = 0
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at)
      if (code !== LINE_FEED && code !== RETURN) continue
      const endsReturned = code === LINE_FEED && this.#returned && at === from && this.#begun === ''
      if (!endsReturned) {
        this.#hold(text.slice(from, at))
        this.#tell()
      }
      this.#returned = code === RETURN
      from = at + 1
    }
    if (from < text.length) {
      this.#returned = false
      this.#hold(text.slice(from))
    }
  }

  /** Emits all lines held back, and the unfinished line. */
  flush(): void {
    this.#hold(this.#decoder.end())
    if (this.#begun !== '') this.#tell()
    this.#tellWaiting('')
    this.#before = ''
    this.#returned = false
  }

  #hold(text: string): void {
    const room = this.#limit - this.#begun.length
    this.#begun += text.slice(0, room)
    this.#leftOut += Math.max(0, text.length - room)
  }

  #tell(): void {
    const line = this.#begun
    const leftOut = this.#leftOut
    this.#begun = ''
    this.#leftOut = 0
    const isEmpty = line.trim() === ''
    if (!isEmpty) this.#tellWaiting(line)
    this.#waiting.push({ line, leftOut })
    if (this.#waiting.length > MOST_WAITING || !(isEmpty || dependsOnNeighbours(line, this.#secrets)))
      this.#tellWaiting('')
    else if (isEmpty && this.#waiting.length === 1) this.#tellWaiting('')
  }

  #tellWaiting(after: string): void {
    for (const { line, leftOut } of this.#waiting) {
      const own = line.trim() === '' ? line : maskedBeside(line, this.#before, after, this.#secrets)
      if (line.trim() !== '') this.#before = line
      this.#hear(maskedStart(own, LINE_LIMIT, this.#secrets, leftOut))
    }
    this.#waiting = []
  }
}

/** Maximum number of lines held back. Empty lines may follow the one that is held back. */
const MOST_WAITING = 100
const LINE_FEED = 10
const RETURN = 13
