import { StringDecoder } from 'node:string_decoder'
import { dependsOnNeighbours, longestMatch, maskedBeside, maskedStart, type Secrets } from '@cairn/secrets'

/** Maximum number of characters shown of a line. The rest is only counted. */
const LINE_LIMIT = 16_384

/**
 * Splits a stream of bytes into lines and masks secrets. A carriage return ends a line, too, so that each state of a
 * progress bar is one. Characters that are split between writes are joined, and invalid UTF-8 becomes U+FFFD. A line
 * that may be a short line of a secret is held back until the next line is known.
 */
export class LineSplitter {
  readonly #onLine: (line: string) => void
  readonly #secrets: Secrets
  /** Maximum number of characters held of a line: those shown, plus the length of a secret that may begin there. */
  readonly #limit: number
  #decoder = new StringDecoder('utf8')
  #unfinished = ''
  #leftOut = 0
  #afterReturn = false
  /** The last line that was not empty. */
  #before = ''
  /** Lines held back until the next line that is not empty. */
  #heldBack: { line: string; readonly leftOut: number }[] = []

  constructor(secrets: Secrets, onLine: (line: string) => void) {
    this.#secrets = secrets
    this.#onLine = onLine
    this.#limit = LINE_LIMIT + longestMatch(secrets)
  }

  add(bytes: string | Uint8Array): void {
    const text = typeof bytes === 'string' ? bytes : this.#decoder.write(bytes)
    let from = 0
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at)
      if (code !== LINE_FEED && code !== RETURN) continue
      const endsReturned = code === LINE_FEED && this.#afterReturn && at === from && this.#unfinished === ''
      if (!endsReturned) {
        this.#append(text.slice(from, at))
        this.#endLine()
      }
      this.#afterReturn = code === RETURN
      from = at + 1
    }
    if (from < text.length) {
      this.#afterReturn = false
      this.#append(text.slice(from))
    }
  }

  /** Emits all lines held back, and the unfinished line. */
  flush(): void {
    this.#append(this.#decoder.end())
    if (this.#unfinished !== '') this.#endLine()
    this.#emitHeldBack('')
    this.#before = ''
    this.#afterReturn = false
  }

  #append(text: string): void {
    const room = this.#limit - this.#unfinished.length
    this.#unfinished += text.slice(0, room)
    this.#leftOut += Math.max(0, text.length - room)
  }

  #endLine(): void {
    const line = this.#unfinished
    const leftOut = this.#leftOut
    this.#unfinished = ''
    this.#leftOut = 0
    const isEmpty = line.trim() === ''
    if (!isEmpty) this.#emitHeldBack(line)
    this.#heldBack.push({ line, leftOut })
    if (this.#heldBack.length > MAX_HELD_BACK || !(isEmpty || dependsOnNeighbours(line, this.#secrets)))
      this.#emitHeldBack('')
    else if (isEmpty && this.#heldBack.length === 1) this.#emitHeldBack('')
  }

  #emitHeldBack(after: string): void {
    for (const { line, leftOut } of this.#heldBack) {
      const own = line.trim() === '' ? line : maskedBeside(line, this.#before, after, this.#secrets)
      if (line.trim() !== '') this.#before = line
      this.#onLine(maskedStart(own, LINE_LIMIT, this.#secrets, leftOut))
    }
    this.#heldBack = []
  }
}

/** Maximum number of lines held back. Empty lines may follow the one that is held back. */
const MAX_HELD_BACK = 100
const LINE_FEED = 10
const RETURN = 13
