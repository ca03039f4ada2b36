/** As many signs of a number with a fraction as are read at a glance. */
const LONGEST = 12

/**
 * A number for people: whole numbers as they are, `3,000,000`; others as they are where that is short, `0.6947`, and else cut
 * with an ellipsis behind, `0.7056662020…`, so that none looks exact that is not.
 */
export function number(value: number): string {
  return Number.isInteger(value) ? grouped(value) : cut(String(value))
}

/** The same without groups: a value of a table may be a year or an id. */
export function plainNumber(value: number): string {
  return Number.isInteger(value) ? wholeText(value) : cut(String(value))
}

/** Numbers that are compared: cut only where that leaves no two that differ with one text. */
export function numbers(values: readonly number[], text = number): string[] {
  const short = values.map(text)
  return values.map((value, at) => {
    const isClear = values.every((other, index) => short[index] !== short[at] || Object.is(other, value))
    return isClear ? short[at]! : String(value)
  })
}

function grouped(value: number): string {
  // Intl would cost 13 ms at every start.
  return Math.abs(value) < 1e21 ? wholeText(value).replaceAll(/\B(?=(\d{3})+$)/g, ',') : String(value)
}

function wholeText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value)
}

/** Cuts digits behind the decimal point only; the whole part and the exponent stay. */
function cut(text: string): string {
  if (text.length <= LONGEST) return text
  const [digits = '', exponent = ''] = text.split(/(?=e)/)
  const least = digits.indexOf('.') + 2
  return `${digits.slice(0, Math.max(LONGEST - exponent.length, least))}…${exponent}`
}
