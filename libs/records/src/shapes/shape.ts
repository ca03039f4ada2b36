import type { Json } from '@cairn/kernel'

/** A validation together with its JSON Schema, so that the two cannot disagree. */
export interface Shape {
  /** Returns the fault after the path to it, such as `.items[3].key must be a string`; undefined when the value is valid. */
  (value: unknown): string | undefined
  /** Returns the JSON Schema, as far as one can express the check. Definitions with a name are added to `shared`. */
  readonly schema: (shared: Record<string, JsonSchema>) => JsonSchema
}
/** JSON Schema, draft 2020-12. */
export type JsonSchema = Readonly<Record<string, Json>>
type Check = (value: unknown) => string | undefined
type Fields = Readonly<Record<string, Shape>>
type About<Of extends Fields> = { readonly [Field in keyof Of]?: string }

/** Programs in other languages use this pattern, too, so it uses only syntax that every regex dialect has. */
const NAME_PATTERN = String.raw`^[^/\\\x00-\x1f\x7f-\x9f]{1,255}$`
const NAME = new RegExp(NAME_PATTERN, 'u')
/** Deeper than any real value, and shallow enough for recursive readers. */
const DEPTH = 200

/**
 * Creates a shape from a check and a schema that accepts every value that the check accepts.
 *
 * @param check returns the fault after the path to it; undefined when the value is valid
 * @param schema the schema, or a function that returns it and adds named definitions to its argument
 */
export function shape(check: Check, schema: JsonSchema | Shape['schema']): Shape {
  return Object.assign(check, { schema: typeof schema === 'function' ? schema : () => schema })
}

export const text = shape((value) => (typeof value === 'string' ? undefined : ' must be a string'), { type: 'string' })
/** A name becomes part of a path, so it must not lead out of its folder. */
export const name = shared('name', () =>
  shape((value) => (typeof value === 'string' && isName(value) ? undefined : ' must be a name'), {
    description: 'a name that is used as one part of a path',
    type: 'string',
    pattern: NAME_PATTERN,
    not: { enum: ['.', '..'] },
  }),
)
export const number = shape((value) => (Number.isFinite(value) ? undefined : ' must be a number'), { type: 'number' })
export const count = shape(
  (value) => (isWhole(value) && value >= 0 ? undefined : ' must be an integer of at least 0'),
  {
    type: 'integer',
    minimum: 0,
    maximum: Number.MAX_SAFE_INTEGER,
  },
)
export const positive = shape(
  (value) => (isWhole(value) && value > 0 ? undefined : ' must be an integer of at least 1'),
  {
    type: 'integer',
    minimum: 1,
    maximum: Number.MAX_SAFE_INTEGER,
  },
)
export const truth = shape((value) => (typeof value === 'boolean' ? undefined : ' must be true or false'), {
  type: 'boolean',
})

function isName(value: string): boolean {
  return NAME.test(value) && value !== '.' && value !== '..'
}

function isWhole(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value)
}

/** Any JSON that is not nested too deeply. */
export const json = shape((value) => nested(value, DEPTH), {})

function nested(value: unknown, depth: number): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  if (depth === 0) return ` is nested more than ${DEPTH} levels deep`
  for (const inner of Object.values(value)) {
    const fault = nested(inner, depth - 1)
    if (fault !== undefined) return fault
  }
  return undefined
}

export function one<Of extends string>(...of: readonly Of[]): Shape {
  const known: ReadonlySet<unknown> = new Set(of)
  return shape((value) => (known.has(value) ? undefined : ` must be one of ${of.join(', ')}`), { enum: of })
}

export function list(of: Shape): Shape {
  const check: Check = (value) => {
    if (!Array.isArray(value)) return ' must be a list'
    for (let at = 0; at < value.length; at++) {
      const fault = of(value[at])
      if (fault !== undefined) return `[${at}]${fault}`
    }
    return undefined
  }
  return shape(check, (shared) => ({ type: 'array', items: of.schema(shared) }))
}

/** An object with any keys, as for parameters and outputs, whose names the author chooses. */
export function map(of: Shape): Shape {
  return keyed((key) => key !== '__proto__', of, key.schema)
}

/** An object whose keys are names. */
export function named(of: Shape): Shape {
  const keys: Shape['schema'] = (shared) => ({ allOf: [name.schema(shared), key.schema(shared)] })
  return keyed((key) => key !== '__proto__' && isName(key), of, keys)
}

/** Excludes `__proto__`, because JavaScript gives it a special meaning. */
const key = shared('key', () =>
  shape((value) => (value === '__proto__' ? ' is not an allowed key' : undefined), {
    description: 'the name of a field',
    not: { const: '__proto__' },
  }),
)

function keyed(isKey: (key: string) => boolean, of: Shape, keys: Shape['schema']): Shape {
  const check: Check = (value) => {
    if (!isObject(value)) return ' must be an object'
    for (const key of Object.keys(value)) {
      const fault = isKey(key) ? of(value[key]) : ' has a key that is not allowed'
      if (fault !== undefined) return `.${key.slice(0, 80)}${fault}`
    }
    return undefined
  }
  return shape(check, (shared) => ({
    type: 'object',
    propertyNames: keys(shared),
    additionalProperties: of.schema(shared),
  }))
}

/**
 * An object with required and optional fields. Unknown fields come from a later version and may hold any JSON.
 *
 * @param about the meaning of each field, for readers of the schema
 */
export function object<Required extends Fields, Optional extends Fields>(
  required: Required,
  optional: Optional = {} as Optional,
  about: About<Required & Optional> = {},
): Shape {
  const all = Object.entries({ ...required, ...optional } as Fields)
  const shapes = new Map(all)
  const names = Object.keys(required)
  const check: Check = (value) => {
    if (!isObject(value)) return ' must be an object'
    for (const key of names) if (value[key] === undefined) return `.${key} is missing`
    for (const key of Object.keys(value)) {
      if (key === '__proto__') return ' has a key __proto__'
      const fault = (shapes.get(key) ?? json)(value[key])
      if (fault !== undefined) return `.${key.slice(0, 80)}${fault}`
    }
    return undefined
  }
  const texts: Readonly<Record<string, string | undefined>> = about
  return shape(check, (shared) => ({
    type: 'object',
    required: names,
    properties: Object.fromEntries(all.map(([name, of]) => [name, described(of.schema(shared), texts[name])])),
    propertyNames: key.schema(shared),
  }))
}

function described(schema: JsonSchema, description: string | undefined): JsonSchema {
  return description === undefined ? schema : { description, ...schema }
}

/** One of several objects, told apart by the value of one field. */
export function tagged(tag: string, shapes: Fields): Shape {
  const known = new Map(Object.entries(shapes))
  const check: Check = (value) => {
    if (!isObject(value)) return ' must be an object'
    const shape = known.get(value[tag] as string)
    return shape ? shape(value) : `.${tag} must be one of ${[...known.keys()].join(', ')}`
  }
  return shape(check, (shared) => ({
    type: 'object',
    required: [tag],
    oneOf: [...known].map(([value, of]) => {
      const { properties, ...rest } = of.schema(shared)
      return { ...rest, properties: { ...(properties as JsonSchema), [tag]: { const: value } } }
    }),
  }))
}

/** One of two objects: the first if the field is present. */
export function having(field: string, first: Shape, other: Shape): Shape {
  const check: Check = (value) => (isObject(value) && Object.hasOwn(value, field) ? first(value) : other(value))
  return shape(check, (shared) => ({
    type: 'object',
    if: { required: [field] },
    then: first.schema(shared),
    else: other.schema(shared),
  }))
}

/** A named definition that other schemas reference. For shapes that are used often, or are recursive. */
export function shared(name: string, get: () => Shape): Shape {
  let of: Shape | undefined
  const check: Check = (value) => (of ??= get())(value)
  return shape(check, (known) => {
    if (!(name in known)) {
      known[name] = {} // the definition may reference itself
      known[name] = get().schema(known)
    }
    return { $ref: `#/$defs/${name}` }
  })
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
