/** Maximum characters of a number with a fraction. */
const MAX_LENGTH = 12

/**
 * Formats a number for display. Whole numbers are grouped: `3,000,000`. Others stay if they are short, `0.6947`, and
 * otherwise end in an ellipsis, `0.7056662020…`, so that no rounded number looks exact.
 */
export function number(value: number): string {
  return Number.isInteger(value) ? grouped(value) : cut(String(value))
}

/** Formats a number without grouping, because a value in a table may be a year or an id. */
export function plainNumber(value: number): string {
  return Number.isInteger(value) ? wholeText(value) : cut(String(value))
}

/** Formats numbers for comparison: cuts them only if different numbers still look different. */
export function numbers(values: readonly number[], text = number): string[] {
  const short = values.map(text)
  return values.map((value, at) => {
    const isClear = values.every((other, index) => short[index] !== short[at] || Object.is(other, value))
    return isClear ? short[at]! : String(value)
  })
}

function grouped(value: number): string {
  // Loading Intl would add 13 ms to every start.
  return Math.abs(value) < 1e21 ? wholeText(value).replaceAll(/\B(?=(\d{3})+$)/g, ',') : String(value)
}

function wholeText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value)
}

/** Cuts only digits after the decimal point. The whole part and the exponent stay. */
function cut(text: string): string {
  if (text.length <= MAX_LENGTH) return text
  const [digits = '', exponent = ''] = text.split(/(?=e)/)
  const least = digits.indexOf('.') + 2
  return `${digits.slice(0, Math.max(MAX_LENGTH - exponent.length, least))}…${exponent}`
}
