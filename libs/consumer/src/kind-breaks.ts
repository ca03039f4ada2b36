import { canonical, type Json } from '@cairn/kernel'
import { isObject, schemaBreaks } from './schema-breaks.ts'

/**
 * Lists the changes of a kind that break readers of its artifacts. A kind describes its values as JSON Schema, or as
 * names with types: `{ auc: 'number' }`, `{ columns: [['origin', 'string?']] }`.
 */
export function kindBreaks(path: string, was: Json, is: Json): string[] {
  if (was === true || canonical(was) === canonical(is)) return []
  if (is === true) return [`${path} may now be any value`]
  if (isKind(was) && isKind(is))
    return was.kind === is.kind
      ? kindBreaks(path, was.schema, is.schema)
      : [`${path} changed from ${was.kind} to ${is.kind}`]
  if (isPairs(was) && isPairs(is)) return kindBreaks(path, Object.fromEntries(was), Object.fromEntries(is))
  if (!isObject(was) || !isObject(is))
    return admits(was, is) ? [] : [`${path} changed from ${textOf(was)} to ${textOf(is)}`]
  if ('$schema' in was && '$schema' in is) return schemaBreaks(path, was, is)
  return Object.entries(was).flatMap(([name, type]) => {
    if (!(name in is)) return [`${path}.${name} was removed`]
    // The user of a model provides its inputs, so an additional input is also a break.
    if (name === 'inputs' && canonical(type) !== canonical(is[name])) return [`${path} has different inputs`]
    return kindBreaks(FOLDED.has(name) ? path : `${path}.${name}`, type, is[name]!)
  })
}

/** Names that are left out of the path, because the sentence is clearer without them. */
const FOLDED = new Set(['columns', 'outputs', 'item'])

function isKind(value: Json): value is { readonly kind: string; readonly version: number; readonly schema: Json } {
  return isObject(value) && typeof value['kind'] === 'string' && 'version' in value && 'schema' in value
}

function isPairs(value: Json): value is readonly (readonly [string, Json])[] {
  return Array.isArray(value) && value.every((pair) => Array.isArray(pair) && pair.length === 2)
}

/**
 * Whether the old type includes every value of the new one: `int32?` includes `int32`, `float64|nan` includes
 * `float64`, `number` includes `integer`.
 */
function admits(was: Json, is: Json): boolean {
  if (typeof was !== 'string' || typeof is !== 'string') return false
  const [before, now] = [partsOf(was), partsOf(is)]
  const isSame = before.plain === now.plain || (before.plain === 'number' && now.plain === 'integer')
  return isSame && before.marks.every((mark, index) => mark || !now.marks[index])
}

function partsOf(type: string) {
  return { plain: type.replace('?', '').replace('|nan', ''), marks: [type.endsWith('?'), type.includes('|nan')] }
}

function textOf(value: Json): string {
  return typeof value === 'string' ? value : canonical(value)
}
