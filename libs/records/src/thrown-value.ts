import { inspect } from 'node:util'
import { isProxy } from 'node:util/types'
import type { Json } from '@cairn/kernel'

/** Masks secrets in a text and then cuts it to the limit. */
export type Mask = (text: string, limit: number) => string

const TEXT_LIMIT = 500
const NAME_LIMIT = 100
const FIELDS_KEPT = 16
const ITEMS_KEPT = 20
const DEPTH = 3
/** Characters of one field as JSON. */
const FIELD_LIMIT = 2_000
/** Properties that the error record stores separately. */
const APART: ReadonlySet<string> = new Set(['name', 'message', 'stack', 'cause', 'errors', 'error', 'suppressed'])

/** Reads a property, own or inherited; undefined when there is none or its getter throws. */
export function read(value: unknown, name: string): unknown {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function') || isProxy(value)) return undefined
  try {
    return (value as Readonly<Record<string, unknown>>)[name]
  } catch {
    return undefined
  }
}

/** Returns the class of an object, or the type of another value. */
export function typeOf(value: unknown): string {
  if (value === null) return 'null'
  if (typeof value !== 'object') return typeof value
  if (isProxy(value)) return 'Proxy'
  return nameOf(read(value, 'constructor')) || 'Object'
}

function nameOf(callable: unknown): string {
  const name = read(callable, 'name')
  return typeof name === 'string' ? name : ''
}

/** Returns the own enumerable properties, `code` first. Calls no getter. */
export function ownFields(value: unknown, mask: Mask): Record<string, Json> {
  if (typeof value !== 'object' || value === null || isProxy(value) || Array.isArray(value)) return {}
  const names = Object.keys(value).filter((name) => !APART.has(name))
  const ordered = [...names.filter((name) => name === 'code'), ...names.filter((name) => name !== 'code')]
  return Object.fromEntries(
    ordered.slice(0, FIELDS_KEPT).flatMap((name): [string, Json][] => {
      const field = fieldOf(value, name, mask)
      return field === undefined ? [] : [[mask(name, NAME_LIMIT), field]]
    }),
  )
}

function fieldOf(value: object, name: string, mask: Mask): Json | undefined {
  const own = Object.getOwnPropertyDescriptor(value, name)
  if (own && 'value' in own && own.value === undefined) return undefined
  const json = own && 'value' in own ? asJson(own.value, mask) : '[getter]'
  const text = JSON.stringify(json)
  const shown = mask(text, FIELD_LIMIT) // a secret may be spelled by the bytes of a list, too
  return shown === text ? json : shown
}

/** Converts a value to bounded JSON. It calls no code of the value, names what JSON cannot express, and cuts cycles. */
export function asJson(value: unknown, mask: Mask, within: readonly unknown[] = []): Json {
  switch (typeof value) {
    case 'string':
      return mask(value, TEXT_LIMIT)
    case 'boolean':
      return value
    case 'number':
      return Number.isFinite(value) ? value : String(value)
    case 'bigint':
      return mask(`${value}n`, TEXT_LIMIT)
    case 'symbol':
      return mask(String(value), TEXT_LIMIT)
    case 'undefined':
      return 'undefined'
    case 'function':
      return mask(`[function ${nameOf(value)}]`, NAME_LIMIT)
    case 'object':
      return value === null ? null : objectAsJson(value, mask, within)
  }
}

function objectAsJson(value: object, mask: Mask, within: readonly unknown[]): Json {
  const type = mask(typeOf(value), NAME_LIMIT)
  if (isProxy(value)) return '[Proxy]'
  if (within.includes(value)) return '[circular]'
  const special = specialText(value)
  if (special !== undefined) return mask(special, TEXT_LIMIT)
  if (within.length === DEPTH) return Array.isArray(value) ? `[list of ${value.length}]` : `[${type}]`
  const inside = [...within, value]
  if (Array.isArray(value)) {
    const items = Array.from({ length: Math.min(value.length, ITEMS_KEPT) }, (_, at) =>
      partAsJson(value, String(at), mask, inside),
    )
    return value.length > ITEMS_KEPT ? [...items, `… and ${value.length - ITEMS_KEPT} more`] : items
  }
  const names = Object.keys(value)
  if (names.length === 0 && type !== 'Object') return `[${type}]`
  const fields = names
    .slice(0, ITEMS_KEPT)
    .map((name): [string, Json] => [mask(name, NAME_LIMIT), partAsJson(value, name, mask, inside)])
  if (names.length > ITEMS_KEPT) fields.push(['…', `and ${names.length - ITEMS_KEPT} more`])
  return Object.fromEntries(fields)
}

function partAsJson(value: object, name: string, mask: Mask, within: readonly unknown[]): Json {
  const part = Object.getOwnPropertyDescriptor(value, name)
  if (!part) return 'undefined'
  return 'value' in part ? asJson(part.value, mask, within) : '[getter]'
}

/** Describes objects whose content is not in their properties. */
function specialText(value: object): string | undefined {
  try {
    if (value instanceof Date) return Date.prototype.toISOString.call(value)
    if (value instanceof URL) return value.href
    if (value instanceof Error) return `${String(read(value, 'name'))}: ${String(read(value, 'message'))}`
    if (ArrayBuffer.isView(value)) return `[${typeOf(value)} of ${value.byteLength} bytes]`
    if (value instanceof Map || value instanceof Set) return `[${typeOf(value)} of ${value.size}]`
    return undefined
  } catch {
    return `[${typeOf(value)}]` // such as an invalid `Date`
  }
}

/** Formats JSON as people write objects: `{ status: 503 }`. */
export function asText(json: Json): string {
  return typeof json === 'string' ? json : inspect(json, INSPECTED)
}

const INSPECTED = {
  breakLength: Infinity,
  compact: true,
  depth: Infinity,
  maxArrayLength: null,
  maxStringLength: null,
} as const
