import { CairnError } from './errors.ts'

/** A value that JSON can hold. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/**
 * Returns the canonical text of a JSON value: keys sorted by UTF-16 code unit, no white space (RFC 8785, except that -0
 * stays -0). Two values are equal exactly when their texts are equal. Fields that are undefined are left out.
 * @param where the name of the value, for the error message
 * @throws CairnError NOT_JSON for what JSON would lose or change: NaN, dates, class instances, fields under symbols
 */
export function canonical(value: unknown, where = 'value'): string {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return JSON.stringify(value)
    case 'number':
      if (!Number.isFinite(value)) throw notJson(String(value), where)
      return Object.is(value, -0) ? '-0' : String(value)
    case 'object':
      break
    default:
      throw notJson(typeof value, where)
  }
  if (value === null) return 'null'
  if (Array.isArray(value)) {
    if (Object.getPrototypeOf(value) !== Array.prototype) throw notJson(`a ${value.constructor?.name}`, where)
    refuseOddFields(value, where)
    return `[${Array.from(value, (item, index) => canonical(item, `${where}[${index}]`)).join(',')}]`
  }
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null)
    throw notJson(`a ${value.constructor?.name || 'object'}`, where)
  refuseOddFields(value, where)
  const fields = Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, field]) => `${JSON.stringify(key)}:${canonical(field, `${where}.${key}`)}`)
  return `{${fields.join(',')}}`
}

/** Does the same as `JSON.stringify`, except that -0 stays -0. */
export function jsonText(value: unknown, indent?: number): string {
  return JSON.stringify(value, (_, field: unknown) => (Object.is(field, -0) ? MINUS_ZERO : field), indent)
}

// TypeScript has no type for `JSON.rawJSON` yet.
const MINUS_ZERO = (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON('-0')

/** Refuses fields that `JSON.stringify` silently leaves out. */
function refuseOddFields(value: object, where: string): void {
  const symbol = Object.getOwnPropertySymbols(value).find((key) =>
    Object.prototype.propertyIsEnumerable.call(value, key),
  )
  if (symbol) throw notJson(`an object with a symbol as a key, ${String(symbol)}`, where)
  if (!Array.isArray(value) || Object.keys(value).length <= value.length) return
  throw notJson(`an array with a named field "${Object.keys(value).at(-1)}"`, where)
}

function notJson(what: string, where: string): CairnError {
  return new CairnError('NOT_JSON', `${where} is ${what}, which JSON cannot represent`, {
    next: 'use strings, finite numbers, booleans, null, arrays and plain objects',
  })
}
