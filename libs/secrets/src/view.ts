/** A text that was read out of another one, with the place there of each of its characters. */
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

/** The texts that may be encoded in a text: percent-encoded, as entities, as bytes in hexadecimal, as numbers or in base64. */
export function viewsOf(text: string): View[] {
  return [...unescaped(text), ...hexadecimal(text), ...listed(text), ...base64(text)]
}

/** Collects a view character by character. */
class Reading {
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

/** Percent-encoded bytes and entities as what they stand for. */
function unescaped(text: string): View[] {
  if (!/[%&]/.test(text)) return []
  const reading = new Reading()
  let at = 0
  const raw = (until: number) => {
    for (; at < until; at++) reading.add(text[at]!, at, at + 1)
  }
  for (const match of text.matchAll(ESCAPED)) {
    raw(match.index)
    const [escape, decimal, hex, name] = match
    if (escape.startsWith('%')) {
      const bytes = Buffer.from(escape.replaceAll('%', ''), 'hex')
      const chars = bytes.toString()
      // Bytes that are no UTF-8 are those of a single-byte encoding.
      for (const char of chars.includes('\ufffd') ? bytes.toString('latin1') : chars) {
        const length = 3 * (chars.includes('\ufffd') ? 1 : Buffer.byteLength(char))
        reading.add(char, at, at + length)
        at += length
      }
      continue
    }
    const point = decimal === undefined ? parseInt(hex ?? '', 16) : Number(decimal)
    const char =
      name === undefined ? (point <= 0x10ffff ? String.fromCodePoint(point) : '') : NAMED[name.toLowerCase()]!
    reading.add(char, at, at + escape.length)
    at += escape.length
  }
  if (at === 0) return []
  raw(text.length)
  return [reading.view()]
}

/** The least bytes that are looked for: a secret has no fewer characters. */
const FEWEST = 4
const DIGITS = new RegExp(`[0-9a-f](?:[ :,-]{0,2}(?:0x|\\\\{1,15}x)?[0-9a-f]){${2 * FEWEST - 1},}`, 'gi')

/** Bytes in hexadecimal, wherever among the digits the first one begins. */
function hexadecimal(text: string): View[] {
  const places = placesOf(text, DIGITS, /0x(?=[0-9a-f]{2})|\\+x|[^0-9a-f]/gi, '')
  return places.length === 0 ? [] : [0, 1].map((skip) => bytesOf(text, places.slice(skip), 'hex', 2))
}

const RUN = new RegExp(`(?:[A-Za-z0-9+/_-]|\\\\{1,15}/){${Math.ceil((FEWEST * 4) / 3)},}={0,2}`, 'g')

/** Bytes in base64 or base64url, wherever in it the first one begins. */
function base64(text: string): View[] {
  const places = placesOf(text, RUN, /\\+|=/g, 'AAAA')
  return places.length === 0 ? [] : [0, 1, 2, 3].map((skip) => bytesOf(text, places.slice(skip), 'base64', 4))
}

/** Where the characters stand that a pattern finds, without what stands between them. A place of -1 is behind a find. */
function placesOf(text: string, pattern: RegExp, between: RegExp, end: string): number[] {
  const places: number[] = []
  for (const { 0: found, index } of text.matchAll(pattern)) {
    let at = 0
    for (const gap of found.matchAll(between)) {
      for (; at < gap.index; at++) places.push(index + at)
      at = gap.index + gap[0].length
    }
    for (; at < found.length; at++) places.push(index + at)
    for (let n = 0; n < end.length || n < 2; n++) places.push(-1)
  }
  return places
}

/** The bytes that the characters at these places encode, each as one character. */
function bytesOf(text: string, places: readonly number[], encoding: 'hex' | 'base64', block: number): View {
  const whole = places.slice(0, places.length - (places.length % block))
  const chars = whole.map((place) => (place < 0 ? (encoding === 'hex' ? '0' : 'A') : text[place]!)).join('')
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

const NUMBERS = new RegExp(`\\b\\d{1,7}(?:[,\\s]{1,3}\\d{1,7}){${FEWEST - 1},}\\b`, 'g')

/** Numbers in a row as the characters of these codes. */
function listed(text: string): View[] {
  const reading = new Reading()
  let any = false
  for (const { 0: found, index } of text.matchAll(NUMBERS)) {
    any = true
    for (const number of found.matchAll(/\d+/g)) {
      const code = Number(number[0])
      const from = index + number.index
      reading.add(code <= 0x10ffff ? String.fromCodePoint(code) : '\0', from, from + number[0].length)
    }
    reading.add('\0', index, index)
  }
  return any ? [reading.view()] : []
}
