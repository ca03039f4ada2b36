/** A text decoded from another one, with the position there of each of its characters. */
export interface View {
  readonly text: string
  readonly from: ArrayLike<number>
  readonly to: ArrayLike<number>
}

/** A part of a text. */
export interface Range {
  readonly from: number
  readonly to: number
}

/** Decodes what a text may contain: percent-encoding, entities, bytes in hexadecimal, lists of numbers, base64. */
export function viewsOf(text: string): View[] {
  return [...unescaped(text), ...hexadecimal(text), ...listed(text), ...base64(text)]
}

/** Collects a view character by character. */
class ViewBuilder {
  readonly #parts: string[] = []
  readonly #from: number[] = []
  readonly #to: number[] = []

  add(chars: string, from: number, to: number): void {
    this.#parts.push(chars)
    for (let at = 0; at < chars.length; at++) {
      this.#from.push(from)
      this.#to.push(to)
    }
  }

  view(): View {
    return { text: this.#parts.join(''), from: this.#from, to: this.#to }
  }
}

const ESCAPED = /(?:%[0-9a-f]{2})+|&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(amp|lt|gt|quot|apos));/gi
const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

/** Decodes percent-encoded bytes and entities. */
function unescaped(text: string): View[] {
  if (!/[%&]/.test(text)) return []
  const view = new ViewBuilder()
  let at = 0
  const raw = (until: number) => {
    for (; at < until; at++) view.add(text[at]!, at, at + 1)
  }
  for (const match of text.matchAll(ESCAPED)) {
    raw(match.index)
    const [escape, decimal, hex, name] = match
    if (escape.startsWith('%')) {
      const bytes = Buffer.from(escape.replaceAll('%', ''), 'hex')
      const chars = bytes.toString()
      // Bytes that are not UTF-8 are taken for a single-byte encoding.
      for (const char of chars.includes('\ufffd') ? bytes.toString('latin1') : chars) {
        const length = 3 * (chars.includes('\ufffd') ? 1 : Buffer.byteLength(char))
        view.add(char, at, at + length)
        at += length
      }
      continue
    }
    const point = decimal === undefined ? parseInt(hex ?? '', 16) : Number(decimal)
    const char =
      name === undefined ? (point <= 0x10ffff ? String.fromCodePoint(point) : '') : NAMED[name.toLowerCase()]!
    view.add(char, at, at + escape.length)
    at += escape.length
  }
  if (at === 0) return []
  raw(text.length)
  return [view.view()]
}

/** Minimum number of bytes to decode: no secret is shorter. */
const MIN_BYTES = 4
const DIGITS = new RegExp(`[0-9a-f](?:[ :,-]{0,2}(?:0x|\\\\{1,15}x)?[0-9a-f]){${2 * MIN_BYTES - 1},}`, 'gi')

/** Decodes bytes in hexadecimal, at each alignment of the digits. */
function hexadecimal(text: string): View[] {
  const positions = positionsOf(text, DIGITS, /0x(?=[0-9a-f]{2})|\\+x|[^0-9a-f]/gi, 2)
  return positions.length === 0 ? [] : [0, 1].map((skip) => bytesOf(text, positions.slice(skip), 'hex', 2))
}

const RUN = new RegExp(`(?:[A-Za-z0-9+/_-]|\\\\{1,15}/){${Math.ceil((MIN_BYTES * 4) / 3)},}={0,2}`, 'g')

/** Decodes bytes in base64 or base64url, at each alignment of the characters. */
function base64(text: string): View[] {
  const positions = positionsOf(text, RUN, /\\+|=/g, 4)
  return positions.length === 0 ? [] : [0, 1, 2, 3].map((skip) => bytesOf(text, positions.slice(skip), 'base64', 4))
}

/**
 * Returns the positions of the matched characters, without separators; -1 marks padding after a match.
 *
 * @param padding number of -1 after each match
 */
function positionsOf(text: string, pattern: RegExp, separator: RegExp, padding: number): number[] {
  const positions: number[] = []
  for (const { 0: found, index } of text.matchAll(pattern)) {
    let at = 0
    for (const gap of found.matchAll(separator)) {
      for (; at < gap.index; at++) positions.push(index + at)
      at = gap.index + gap[0].length
    }
    for (; at < found.length; at++) positions.push(index + at)
    for (let n = 0; n < padding; n++) positions.push(-1)
  }
  return positions
}

/** Decodes the characters at given positions. Each byte becomes one character. */
function bytesOf(text: string, positions: readonly number[], encoding: 'hex' | 'base64', block: number): View {
  const whole = positions.slice(0, positions.length - (positions.length % block))
  const chars = whole.map((at) => (at < 0 ? (encoding === 'hex' ? '0' : 'A') : text[at]!)).join('')
  const decoded = Buffer.from(chars, encoding).toString('latin1')
  const bits = encoding === 'hex' ? 4 : 6
  const from = new Int32Array(decoded.length)
  const to = new Int32Array(decoded.length)
  for (let at = 0; at < decoded.length; at++) {
    const first = whole[Math.floor((at * 8) / bits)]!
    const last = whole[Math.floor((at * 8 + 7) / bits)]!
    from[at] = first
    to[at] = Math.max(first, last) + 1
  }
  return { text: decoded, from, to }
}

const NUMBERS = new RegExp(`\\b\\d{1,7}(?:[,\\s]{1,3}\\d{1,7}){${MIN_BYTES - 1},}\\b`, 'g')

/** Decodes lists of character codes, such as `104, 105`. */
function listed(text: string): View[] {
  const view = new ViewBuilder()
  let any = false
  for (const { 0: found, index } of text.matchAll(NUMBERS)) {
    any = true
    for (const number of found.matchAll(/\d+/g)) {
      const code = Number(number[0])
      const from = index + number.index
      view.add(code <= 0x10ffff ? String.fromCodePoint(code) : '\0', from, from + number[0].length)
    }
    view.add('\0', index, index)
  }
  return any ? [view.view()] : []
}
