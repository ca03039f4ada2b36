/** Characters that a text can be read as from a given position. */
export interface Reading {
  readonly chars: string
  /** Position in the text behind them. */
  readonly to: number
}

const SPECIAL = new Set(Buffer.from(`\\%=&+'"\r`))

/** Whether a character, by its code, may begin an escape. */
export function mayEscape(code: number): boolean {
  return SPECIAL.has(code)
}

const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }
const CONTROL: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f', v: '\v' }
const BACKSLASHES = /\\+/y
const BYTE = /(?:[%=](?:25){0,3}|\\+x)([0-9a-f]{2})|\\+([0-3][0-7]{2})/iy
const UNIT = /(?:\\+|%(?:25){0,3})u(?:([0-9a-f]{4})|\{([0-9a-f]{1,6})\})/iy
const ENTITY = /&(?:amp;){0,3}(?:#0*(\d{1,7})|#x0*([0-9a-f]{1,6})|(amp|lt|gt|quot|apos));/iy
const QUOTED = /'(?:'|\\''|"'"')|""/y
const RETURN = /(?:\r|\\+r)(?:\n|\\+n)/y

/**
 * Returns all readings of a text at a position: the character itself; one escaped for JavaScript, JSON, a regular
 * expression, a shell, SQL or CSV; one percent-encoded; or an entity. Consecutive backslashes count as one, so that
 * repeated escaping makes no difference.
 */
export function readingsAt(text: string, at: number): Reading[] {
  const char = text[at]!
  if (char === '\\') return backslash(text, at)
  const found: Reading[] = [{ chars: char, to: at + 1 }]
  if (char === '+') found.push({ chars: ' ', to: at + 1 })
  if (char === '%' || char === '=') found.push(...bytes(text, at), ...unit(text, at))
  if (char === '&') found.push(...entity(text, at))
  if (char === "'" || char === '"') {
    const quoted = matchAt(QUOTED, text, at)
    if (quoted) found.push({ chars: char, to: at + quoted[0].length })
  }
  if (char === '\r') found.push(...lineEnd(text, at))
  return found
}

function backslash(text: string, at: number): Reading[] {
  const end = at + matchAt(BACKSLASHES, text, at)![0].length
  const found: Reading[] = [{ chars: '\\', to: end }, ...bytes(text, at), ...unit(text, at), ...lineEnd(text, at)]
  const next = text[end]
  if (next === undefined) return found
  if (next in CONTROL) found.push({ chars: CONTROL[next]!, to: end + 1 })
  if (next === '0') found.push({ chars: '\0', to: end + 1 })
  if (!/[A-Za-z0-9]/.test(next)) found.push(...readingsAt(text, end))
  return found
}

/** Reads an escaped byte, and the UTF-8 character that begins with it. */
function bytes(text: string, at: number): Reading[] {
  const first = byteAt(text, at)
  if (!first) return []
  const found: Reading[] = [{ chars: String.fromCharCode(first.byte), to: first.to }]
  const length = first.byte < 0xc2 ? 1 : first.byte < 0xe0 ? 2 : first.byte < 0xf0 ? 3 : 4
  const all = [first.byte]
  let { to } = first
  while (all.length < length) {
    const more = byteAt(text, to)
    if (!more || more.byte >> 6 !== 2) return found
    all.push(more.byte)
    to = more.to
  }
  if (length > 1) found.push({ chars: Buffer.from(all).toString(), to })
  return found
}

function byteAt(text: string, at: number): { byte: number; to: number } | undefined {
  const match = matchAt(BYTE, text, at)
  if (!match) return undefined
  const [escape, hex, octal] = match
  return { byte: hex === undefined ? parseInt(octal!, 8) : parseInt(hex, 16), to: at + escape.length }
}

function unit(text: string, at: number): Reading[] {
  const match = matchAt(UNIT, text, at)
  if (!match) return []
  const [escape, hex, point] = match
  return character(parseInt(hex ?? point!, 16), at + escape.length)
}

function entity(text: string, at: number): Reading[] {
  const match = matchAt(ENTITY, text, at)
  if (!match) return []
  const [escape, decimal, hex, name] = match
  const to = at + escape.length
  if (name !== undefined) return [{ chars: NAMED[name.toLowerCase()]!, to }]
  return character(decimal === undefined ? parseInt(hex!, 16) : Number(decimal), to)
}

function character(point: number, to: number): Reading[] {
  return point <= 0x10ffff ? [{ chars: String.fromCodePoint(point), to }] : []
}

function lineEnd(text: string, at: number): Reading[] {
  const match = matchAt(RETURN, text, at)
  return match ? [{ chars: '\n', to: at + match[0].length }] : []
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at
  return pattern.exec(text)
}
