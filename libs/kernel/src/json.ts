import { CairnError } from './errors.ts'

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/**
 * The one text for a JSON value: keys sorted by UTF-16 code unit, no white space (RFC 8785).
 * Two values are equal exactly when their texts are. Refuses what JSON would silently lose or change.
 */
export function canonical(value: unknown, where = 'value'): string {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return JSON.stringify(value)
    case 'number':
      if (!Number.isFinite(value)) throw notJson(String(value), where)
      return JSON.stringify(value)
    case 'object':
      break
    default:
      throw notJson(typeof value, where)
  }
  if (value === null) return 'null'
  if (Array.isArray(value))
    return `[${Array.from(value, (item, index) => canonical(item, `${where}[${index}]`)).join(',')}]`
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null)
    throw notJson(`a ${value.constructor?.name ?? 'strange object'}`, where)
  const fields = Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, field]) => `${JSON.stringify(key)}:${canonical(field, `${where}.${key}`)}`)
  return `{${fields.join(',')}}`
}

function notJson(what: string, where: string): CairnError {
  return new CairnError('NOT_JSON', `${where} is ${what}, which JSON cannot hold`, {
    next: 'use strings, finite numbers, booleans, null, arrays and plain objects',
  })
}
