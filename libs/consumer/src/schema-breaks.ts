import { canonical, type Json } from '@cairn/kernel'

type JsonObject = Readonly<Record<string, Json>>

/** Lists the changes of a schema that break readers of its values. If in doubt, a change counts as a break. */
export function schemaBreaks(path: string, was: Json, is: Json): string[] {
  if (was === true || canonical(was) === canonical(is)) return []
  if (!isObject(was) || !isObject(is)) return [`${path} may now be any value`]
  const [before, now] = [alternatives(was), alternatives(is)]
  if (now) return [...new Set(now.flatMap((each) => schemaBreaks(path, was, each)))]
  if (before)
    return before.some((each) => schemaBreaks(path, each, is).length === 0) ? [] : [`${path} is now ${nameOf(is)}`]
  const breaks = valueBreaks(path, was, is)
  return breaks.length > 0 ? breaks : [...partBreaks(path, was, is), ...keywordBreaks(path, was, is)]
}

function alternatives({ anyOf, oneOf }: JsonObject): readonly Json[] | undefined {
  return (anyOf ?? oneOf) as readonly Json[] | undefined
}

function valueBreaks(path: string, was: JsonObject, is: JsonObject): string[] {
  const [before, now] = [valuesOf(was), valuesOf(is)]
  const [types, nowTypes] = [typesOf(was), typesOf(is)]
  const isWider =
    (before && !now?.every((value) => before.includes(value))) ||
    (types && !nowTypes?.every((type) => types.includes(type) || (type === 'integer' && types.includes('number'))))
  return isWider ? [`${path} changed from ${nameOf(was)} to ${nameOf(is)}`] : []
}

/** Returns the values that a schema enumerates, as JSON; undefined if it does not enumerate them. */
function valuesOf({ const: only, enum: some }: JsonObject): string[] | undefined {
  const listed = only === undefined ? (some as Json[] | undefined) : [only]
  return listed?.map((value) => canonical(value))
}

function typesOf(schema: JsonObject): string[] | undefined {
  const { type } = schema
  if (type !== undefined) return [type].flat() as string[]
  return valuesOf(schema)?.map((value) => typeOf(JSON.parse(value) as Json))
}

function typeOf(value: Json): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  return Number.isInteger(value) ? 'integer' : typeof value
}

function nameOf(schema: JsonObject): string {
  return (valuesOf(schema) ?? typesOf(schema))?.join(' or ') ?? 'anything'
}

function partBreaks(path: string, was: JsonObject, is: JsonObject): string[] {
  const [fields, nowFields] = [was, is].map(({ properties = {} }) => properties as JsonObject) as [
    JsonObject,
    JsonObject,
  ]
  const [required, nowRequired] = [was, is].map(({ required = [] }) => required as string[]) as [string[], string[]]
  const inside = (name: string) => (path === 'data' || path === 'headers' ? name : `${path}.${name}`)
  const part = (name: string, keyword: 'items' | 'additionalProperties') =>
    isObject(was[keyword]) ? schemaBreaks(`${path}${name}`, was[keyword], is[keyword] ?? true) : []
  return [
    ...Object.entries(fields).flatMap(([name, schema]) => {
      if (!(name in nowFields)) return [`${inside(name)} was removed`]
      const breaks = schemaBreaks(inside(name), schema, nowFields[name]!)
      const isLost = required.includes(name) && !nowRequired.includes(name)
      return isLost ? [`${inside(name)} may now be missing`, ...breaks] : breaks
    }),
    ...part('[]', 'items'),
    ...part('.*', 'additionalProperties'),
  ]
}

const ANNOTATIONS = new Set(['$schema', '$id', 'title', 'description', 'default', 'examples', 'deprecated'])
const COMPARED = new Set(['type', 'const', 'enum', 'properties', 'required', 'items', 'additionalProperties'])
const LOWER = new Set(['minimum', 'exclusiveMinimum', 'minLength', 'minItems', 'minProperties'])
const UPPER = new Set(['maximum', 'exclusiveMaximum', 'maxLength', 'maxItems', 'maxProperties'])

function keywordBreaks(path: string, was: JsonObject, is: JsonObject): string[] {
  return Object.entries(was).flatMap(([keyword, before]) => {
    const now = is[keyword]
    if (ANNOTATIONS.has(keyword) || keyword.startsWith('x-') || COMPARED.has(keyword)) return []
    if (LOWER.has(keyword) && Number(now) >= Number(before)) return []
    if (UPPER.has(keyword) && Number(now) <= Number(before)) return []
    return canonical(before) === canonical(now ?? null) ? [] : [`${path} has a different ${keyword}`]
  })
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
