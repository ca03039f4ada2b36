import { CairnError } from './errors.ts'

/**
 * Parses JSON that a person wrote, and refuses what JSON.parse would change: 9007199254740993 would become
 * 9007199254740992, 1e400 would become Infinity, 1e-400 would become 0, and the first of two equal keys would be lost.
 * @param where the origin of the text, for the error message: `--set seed`
 * @throws SyntaxError for a text that is not JSON
 * @throws CairnError BAD_PARAMETER for a number that a double cannot hold, or a key that is given twice
 */
export function parseExactJson(text: string, where: string): unknown {
  const parse = JSON.parse as (text: string, revive: Reviver) => unknown
  const value = parse(text, (_, value, { source }) => {
    if (typeof value === 'number' && source !== undefined) refuseInexact(source, value, where)
    return value
  })
  refuseTwoOfOneKey(text, where)
  return value
}

/** JSON.parse keeps the last of two equal keys and drops the first. */
function refuseTwoOfOneKey(json: string, where: string): void {
  const open: Set<string>[] = []
  for (const { 0: token, 1: colon, index } of json.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?|[{}]/gs)) {
    if (token === '{') open.push(new Set())
    else if (token === '}') open.pop()
    else if (colon !== undefined) {
      const key = JSON.parse(token.slice(0, -colon.length)) as string
      if (open.at(-1)!.has(key)) throw twice(json.slice(0, index), where)
      open.at(-1)!.add(key)
    }
  }
}

function twice(before: string, where: string): CairnError {
  const lines = before.split('\n')
  const at = `line ${lines.length}, column ${lines.at(-1)!.length + 1}`
  return new CairnError('BAD_PARAMETER', `${where}: a key appears twice, at ${at}`, { next: 'remove one of them' })
}

/**
 * Checks that a number means what a person wrote.
 * @param text the text that the person wrote
 * @param value the number that it was parsed as
 * @param where the origin of the text, for the error message
 * @throws CairnError BAD_PARAMETER when the two differ
 */
export function refuseInexact(text: string, value: number, where: string): void {
  if (isExact(text, value)) return
  throw new CairnError('BAD_PARAMETER', `${where}: ${text} cannot be stored exactly; it would become ${value}`, {
    next: `use a number of up to 15 digits, or a string if one is accepted: "${text}"`,
  })
}

// Newer engines pass the text of a number to a reviver; TypeScript has no type for it yet.
type Reviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown

/**
 * Whether the text is the number's shortest form in JavaScript, or its form with as many digits as the text. Both are
 * tried, because they may differ in the last digit: the double 128886278271156.125 prints as …156.12 in JavaScript and
 * as …156.13 with seventeen digits.
 */
function isExact(text: string, value: number): boolean {
  const wanted = decimal(text)
  if (!Number.isFinite(value) || wanted.digits.length > 100) return false
  if (wanted.digits === '') return value === 0
  return [String(value), value.toPrecision(wanted.digits.length)].some((form) => sameDecimal(wanted, decimal(form)))
}

interface Decimal {
  /** Without leading and trailing zeros. */
  readonly digits: string
  /** The value is the digits, read as an integer, times ten to this power. */
  readonly exponent: number
}

function decimal(text: string): Decimal {
  const [, whole, fraction = '', exponent = '0'] = /^[+-]?(\d*)(?:\.(\d*))?(?:e([+-]?\d+))?$/i.exec(text)!
  const all = `${whole}${fraction}`
  const digits = all.replace(/0+$/, '')
  return {
    digits: digits.replace(/^0+/, ''),
    exponent: Number(exponent) - fraction.length + all.length - digits.length,
  }
}

function sameDecimal(one: Decimal, other: Decimal): boolean {
  return one.digits === other.digits && one.exponent === other.exponent
}
