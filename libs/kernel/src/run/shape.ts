/** What is wrong with a value, behind the place where it is: `.lanes[3].key is no text`; undefined if nothing is. */
export type Shape = (value: unknown) => string | undefined
type Fields = Readonly<Record<string, Shape>>

/** A name becomes a part of paths: what it is must not lead elsewhere. */
const NAME = /^(?!\.\.?$)[^/\\\p{Cc}]{1,255}$/u
/** Deeper than what anyone writes, and shallow enough for what reads it. */
const DEPTH = 200

export const text: Shape = (value) => (typeof value === 'string' ? undefined : ' is no text')
export const name: Shape = (value) => (typeof value === 'string' && NAME.test(value) ? undefined : ' is no name')
export const number: Shape = (value) => (typeof value === 'number' ? undefined : ' is no number')
export const count: Shape = (value) => (isWhole(value) && value >= 0 ? undefined : ' is no count')
export const positive: Shape = (value) => (isWhole(value) && value > 0 ? undefined : ' is no count of at least 1')
export const truth: Shape = (value) => (typeof value === 'boolean' ? undefined : ' is neither true nor false')

function isWhole(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value)
}

/** Any JSON that is not nested too deeply. */
export const json: Shape = (value) => nested(value, DEPTH)

function nested(value: unknown, depth: number): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  if (depth === 0) return ` is nested more than ${DEPTH} deep`
  for (const inner of Object.values(value)) {
    const fault = nested(inner, depth - 1)
    if (fault !== undefined) return fault
  }
  return undefined
}

export function one<Of extends string>(...of: readonly Of[]): Shape {
  const known: ReadonlySet<unknown> = new Set(of)
  return (value) => (known.has(value) ? undefined : ` is none of ${of.join(', ')}`)
}

export function list(of: Shape): Shape {
  return (value) => {
    if (!Array.isArray(value)) return ' is no list'
    for (let at = 0; at < value.length; at++) {
      const fault = of(value[at])
      if (fault !== undefined) return `[${at}]${fault}`
    }
    return undefined
  }
}

/** Values by whatever they are called: parameters and outputs are, as their author likes. */
export function map(of: Shape): Shape {
  return keyed((key) => key !== '__proto__', of)
}

/** Values by names. */
export function named(of: Shape): Shape {
  return keyed((key) => key !== '__proto__' && NAME.test(key), of)
}

function keyed(isKey: (key: string) => boolean, of: Shape): Shape {
  return (value) => {
    if (!isObject(value)) return ' is no object'
    for (const key of Object.keys(value)) {
      const fault = isKey(key) ? of(value[key]) : ' has no name for a key'
      if (fault !== undefined) return `.${key.slice(0, 80)}${fault}`
    }
    return undefined
  }
}

/** Fields that are there, and fields that may be; what else there is comes from a later version, and is any JSON. */
export function object(required: Fields, optional: Fields = {}): Shape {
  const shapes = new Map(Object.entries({ ...required, ...optional }))
  const names = Object.keys(required)
  return (value) => {
    if (!isObject(value)) return ' is no object'
    for (const key of names) if (value[key] === undefined) return `.${key} is missing`
    for (const key of Object.keys(value)) {
      if (key === '__proto__') return ' has a key __proto__'
      const fault = (shapes.get(key) ?? json)(value[key])
      if (fault !== undefined) return `.${key.slice(0, 80)}${fault}`
    }
    return undefined
  }
}

/** One of several objects, which a field of theirs tells apart. */
export function tagged(tag: string, shapes: Fields): Shape {
  const known = new Map(Object.entries(shapes))
  return (value) => {
    if (!isObject(value)) return ' is no object'
    const shape = known.get(value[tag] as string)
    return shape ? shape(value) : `.${tag} is none of ${[...known.keys()].join(', ')}`
  }
}

/** One of two objects: the first if it has the field. */
export function having(field: string, first: Shape, other: Shape): Shape {
  return (value) => (isObject(value) && Object.hasOwn(value, field) ? first(value) : other(value))
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
