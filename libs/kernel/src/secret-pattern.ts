/**
 * A regular expression for a secret's value in any of the encodings that programs usually give a text: as it stands,
 * escaped for JSON, a regular expression, a shell, SQL or CSV, percent-encoded, as HTML entities, in base64 or base64url
 * wherever in the encoded bytes it begins, in hexadecimal, and as a list of byte values. Characters may be encoded one
 * by one, and more than once.
 */
export function patternOf(secret: string): string {
  const bytes = [...Buffer.from(secret)]
  // Backslashes in a row are one piece, so that there is one way only to read more of them.
  const pieces = secret.match(/\\+|[^]/gu) ?? []
  const text = pieces.map((piece, at) => piecePattern(piece, at > 0 ? pieces[at - 1]! : SLASH)).join('')
  return [text, ...[0, 1, 2].map((offset) => base64Pattern(bytes, offset)), hexPattern(bytes), listPattern(bytes)].join(
    '|',
  )
}

const SLASH = '\\'
/** As many as four escapes within each other make of one. */
const ESCAPES = 15
const ESCAPED = `\\\\{1,${ESCAPES}}`
const PERCENT = '[%=](?:25){0,3}' // `=` is that of quoted-printable text
const AMPERSAND = '&(?:amp;){0,3}'
const NAMED: Readonly<Record<string, string>> = { '&': 'amp', '<': 'lt', '>': 'gt', '"': 'quot', "'": 'apos' }
const CONTROL: Readonly<Record<string, string>> = { '\n': 'n', '\r': 'r', '\t': 't', '\b': 'b', '\f': 'f', '\v': 'v' }
/** What else a character is written as. */
const ALSO: Readonly<Record<string, readonly string[]>> = {
  ' ': [String.raw`\+`],
  '\n': [String.raw`\r?\n`],
  "'": ["''", String.raw`'\\''`, `'"'"'`],
  '"': ['""'],
}

function piecePattern(piece: string, before: string): string {
  if (piece.startsWith(SLASH)) {
    const one = encoded(SLASH).join('|')
    return `(?:\\\\{${piece.length},${piece.length * (ESCAPES + 1)}}|(?:${one}){${piece.length}})`
  }
  const mayBeEscaped = !before.endsWith(SLASH) && !/[A-Za-z0-9]/.test(piece)
  const plain = (mayBeEscaped ? `(?:${ESCAPED})?` : '') + literal(piece)
  return `(?:${[...(ALSO[piece] ?? []), plain, ...encoded(piece)].join('|')})`
}

/** A character's escapes: in an address, in JavaScript, in HTML. */
function encoded(char: string): string[] {
  const point = char.codePointAt(0)!
  const units = Array.from({ length: char.length }, (_, at) => char.charCodeAt(at))
  return [
    [...Buffer.from(char)].map((byte) => PERCENT + hex(byte, 2)).join(''),
    units.map((unit) => `${ESCAPED}u${hex(unit, 4)}`).join(''),
    `${ESCAPED}u\\{0{0,6}${hex(point)}\\}`,
    `${AMPERSAND}#0{0,6}${point};`,
    `${AMPERSAND}#[xX]0{0,6}${hex(point)};`,
    ...(point < 256 ? [`${ESCAPED}x${hex(point, 2)}`] : []),
    ...(char in NAMED ? [`${AMPERSAND}${NAMED[char]!};`] : []),
    ...(char in CONTROL ? [`${ESCAPED}${CONTROL[char]!}`] : []),
  ]
}

/**
 * Only the characters that the secret alone decides; those at its ends that it shares with its neighbours are taken
 * with them, since they tell some of its bits.
 */
function base64Pattern(bytes: readonly number[], offset: number): string {
  const text = Buffer.from([...Array<number>(offset).fill(0), ...bytes])
    .toString('base64')
    .replace(/=+$/, '')
  const shared = '[A-Za-z0-9+/_-]'
  const [before, skip] = offset === 0 ? ['', 0] : [shared, offset + 1]
  const after = (offset + bytes.length) % 3 === 0 ? '' : shared
  const special: Readonly<Record<string, string>> = {
    '+': `(?:[+-]|${PERCENT}2[bB])`,
    '/': `(?:(?:${ESCAPED})?[/_]|${PERCENT}2[fF])`,
  }
  const own = Array.from(text.slice(skip, after === '' ? undefined : -1), (char) => special[char] ?? char)
  return `${before}${own.join('')}${after}(?:=|${PERCENT}3[dD]){0,2}`
}

function hexPattern(bytes: readonly number[]): string {
  return bytes.map((byte) => hex(byte, 2)).join('[ :,-]{0,2}(?:0[xX])?')
}

function listPattern(bytes: readonly number[]): string {
  return String.raw`\b${bytes.join(String.raw`[,\s]{1,3}`)}\b`
}

/** Digits of either case. */
function hex(value: number, digits = 1): string {
  const text = value.toString(16).padStart(digits, '0')
  return text.replace(/[a-f]/g, (digit) => `[${digit}${digit.toUpperCase()}]`)
}

function literal(char: string): string {
  return char.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
}
