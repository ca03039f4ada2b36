import { CairnError, parseExactJson, canonical, type Json } from '@cairn/kernel'
import { definition } from './parameter-path.ts'

interface Shape {
  readonly type?: string | readonly string[]
  readonly const?: Json
  readonly enum?: readonly Json[]
  readonly anyOf?: readonly Json[]
  readonly oneOf?: readonly Json[]
  readonly allOf?: readonly Json[]
  readonly items?: Json
  readonly prefixItems?: readonly Json[]
  readonly $ref?: string
}

/**
 * Parses a typed text by the parameter's JSON Schema: `98101` is a string where the schema wants a string. A text in
 * double quotes is always a string. A text that fits no type is returned as it is, so that the parameter's own schema
 * refuses it and says what it expects.
 *
 * @throws CairnError BAD_PARAMETER when the text is ambiguous under the schema, or a number cannot be represented
 * exactly
 */
export function readText(text: string, schema: Json | undefined, path: string): Json {
  const found = new Map(readings(text, schema ?? {}, schema ?? {}, path).map((value) => [canonical(value), value]))
  if (found.size > 1)
    throw new CairnError('BAD_PARAMETER', `${path}=${text} is ambiguous: ${[...found.keys()].join(' or ')}`, {
      next: `for a string, add quotes (${path}='${JSON.stringify(text)}'), or use --params`,
    })
  const [only] = found.values()
  return only === undefined ? text : only
}

function readings(text: string, schema: Json, root: Json, path: string): Json[] {
  if (typeof schema !== 'object' || schema === null) return unknownReading(text, path)
  const shape = schema as Shape
  if (shape.$ref !== undefined) return readings(text, definition(root, shape.$ref) ?? {}, root, path)
  const choices = shape.const === undefined ? shape.enum : [shape.const]
  if (choices) return choices.filter((choice) => sameText(choice, text))
  const parts = shape.anyOf ?? shape.oneOf
  if (parts) return parts.flatMap((part) => readings(text, part, root, path))
  if (shape.allOf) return shape.allOf.flatMap((part) => readings(text, part, root, path))
  const types = shape.type === undefined ? [] : [shape.type].flat()
  return types.length === 0
    ? unknownReading(text, path)
    : types.flatMap((type) => ofType(type, text, shape, root, path))
}

function ofType(type: string, text: string, shape: Shape, root: Json, path: string): Json[] {
  if (type === 'string') return [quoted(text) ?? text]
  if (type === 'array') return lists(text, shape, root, path)
  if (type === 'null') return text.trim() === 'null' ? [null] : []
  if (type === 'boolean') return text === 'true' ? [true] : text === 'false' ? [false] : []
  const value = json(text, path)
  const is = value === undefined ? undefined : typeOf(value)
  if (type === 'integer') return is === 'number' ? [value!] : [] // the schema refuses a fraction, with a better message
  return is === type ? [value!] : []
}

/**
 * Parses `a,b,c`, or a list as JSON. Only JSON is accepted for a text with quotes and for lists of lists or objects,
 * because those would be ambiguous.
 */
function lists(text: string, { items = {}, prefixItems = [] }: Shape, root: Json, path: string): Json[] {
  if (text.trimStart().startsWith('[')) {
    const value = json(text, path)
    return Array.isArray(value) ? [value] : []
  }
  const asJson = (why: string) =>
    new CairnError('BAD_PARAMETER', `${path}=${text}: ${why}`, {
      next: `write it as JSON: ${path}='[…]', or use --params`,
    })
  if (text.includes('"')) throw asJson('a list that contains quotes must be JSON')
  const found: Json[] = []
  for (const [at, part] of (text === '' ? [] : text.split(',')).entries()) {
    const of = prefixItems[at] ?? items
    if (isNested(of, root)) throw asJson('a list of lists or objects must be JSON')
    const values = new Map(readings(part.trim(), of, root, `${path}.${at}`).map((value) => [canonical(value), value]))
    if (values.size > 1)
      throw new CairnError('BAD_PARAMETER', `${path}.${at}=${part} is ambiguous: ${[...values.keys()].join(' or ')}`, {
        next: 'write the list as JSON, or use --params',
      })
    found.push([...values.values()][0] ?? part)
  }
  return [found]
}

/** Whether a schema accepts only lists or objects. */
function isNested(schema: Json, root: Json): boolean {
  if (typeof schema !== 'object' || schema === null) return false
  const { $ref, anyOf, oneOf, allOf, type } = schema as Shape
  if ($ref !== undefined) return isNested(definition(root, $ref) ?? {}, root)
  const parts = anyOf ?? oneOf ?? allOf
  if (parts) return parts.every((part) => isNested(part, root))
  return type !== undefined && [type].flat().every((one) => one === 'array' || one === 'object')
}

/** Parses a text without a schema: as JSON if it is valid JSON, otherwise as a string. */
function unknownReading(text: string, path: string): Json[] {
  return [json(text, path) ?? text]
}

function sameText(choice: Json, text: string): boolean {
  return typeof choice === 'string' ? choice === text || choice === quoted(text) : canonical(choice) === text.trim()
}

function quoted(text: string): string | undefined {
  if (!/^".*"$/s.test(text)) return undefined
  try {
    return JSON.parse(text) as string
  } catch {
    return undefined
  }
}

/**
 * Parses JSON; undefined when it is not valid.
 *
 * @throws CairnError BAD_PARAMETER for a number that cannot be represented exactly
 */
function json(text: string, path: string): Json | undefined {
  try {
    return parseExactJson(text, path) as Json
  } catch (error) {
    if (error instanceof CairnError) throw error
    return undefined
  }
}

function typeOf(value: Json): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'array' : typeof value
}
