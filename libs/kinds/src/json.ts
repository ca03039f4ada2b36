import {
  CairnError,
  canonical,
  checkOptions,
  isSchema,
  jsonSchema,
  shown,
  takes,
  validate,
  type AnySchema,
  type Artifact,
  type Json,
  type Kind,
  type SchemaInput,
  type SchemaOutput,
} from '@cairn/kernel'
import { compareJson } from './json-compare.ts'

/** Options of {@link json} and `metrics`. */
export interface JsonOptions {
  /** Describes the schema in keys and error messages. Needed when its library cannot express it as JSON Schema. */
  readonly describe?: string
}

/**
 * A kind for JSON values, with a schema (Zod, Valibot, ArkType, …) or without. It stores the result of the schema.
 * Fields that are undefined are left out. What JSON cannot hold is refused with BAD_OUTPUT: NaN, infinities, bigints,
 * dates, maps, class instances, holes in arrays, fields under symbols.
 *
 * @throws CairnError BAD_DEFINITION when `schema` is not a schema, or cannot be described without `describe`
 * @example
 * const Threshold = json(z.object({ late: z.number().positive() }))
 * const Count = json<number>()
 */
export function json<Value = Json>(): Kind<Value>
export function json<S extends AnySchema>(schema: S, options?: JsonOptions): Kind<SchemaOutput<S>, SchemaInput<S>>
export function json(schema?: AnySchema, options: JsonOptions = {}): Kind<unknown> {
  if (schema !== undefined && !isSchema(schema))
    throw new CairnError('BAD_DEFINITION', `json takes a schema, not ${shown(schema)}`, {
      next: 'for example json(z.object({ late: z.number() })), or json<number>() without a schema',
    })
  const { describe } = checkedJsonOptions(options, 'json')
  const described = schema ? describeSchema(schema, describe) : true
  return {
    name: 'json',
    version: 2, // version 1 wrote -0 as 0
    extension: 'json',
    schema: described,
    encode: async (value) => ({ bytes: encodeJson(schema ? await checked(schema, value) : value) }),
    decode: decodeJson,
    compare: compareJson,
    preview: async (artifact) => ({ type: 'json', value: await decodeJson(artifact) }),
    accepts: ({ kind, schema: written }) => kind === 'json' && (!schema || canonical(written) === canonical(described)),
  }
}

export function checkedJsonOptions(options: JsonOptions, owner: string): JsonOptions {
  checkOptions(options, { describe: takes.text }, owner)
  return options
}

/** The schema as JSON Schema, or `describe`. @throws CairnError BAD_DEFINITION when there is neither */
export function describeSchema(schema: AnySchema, describe?: string): Json {
  const described = describe ?? jsonSchema(schema, 'output')
  if (described !== undefined) return described
  throw new CairnError(
    'BAD_DEFINITION',
    `the ${schema['~standard'].vendor} schema cannot be converted to JSON Schema`,
    {
      next: 'pass a description, and change it whenever the schema changes: json(schema, { describe: "…" })',
    },
  )
}

export function checked<Output>(schema: AnySchema, value: unknown): Promise<Output> {
  return validate<Output>(schema, value, (issues) => new CairnError('BAD_OUTPUT', issues.join('; ')))
}

export function encodeJson(value: unknown): Uint8Array {
  try {
    return new TextEncoder().encode(canonical(value))
  } catch (error) {
    if (error instanceof CairnError)
      throw new CairnError('BAD_OUTPUT', error.message, error.next === undefined ? {} : { next: error.next })
    if (error instanceof RangeError)
      throw new CairnError('BAD_OUTPUT', tooDeep(value), {
        next: 'return a value without cycles: use an id instead of a reference back',
      })
    throw error
  }
}

function tooDeep(value: unknown): string {
  const [place, around] = loopIn(value, 'value', new Map(), new Set()) ?? []
  return place === undefined
    ? 'value is nested too deeply'
    : `${place} refers back to ${around}, so the value has a cycle`
}

/** Finds a cycle in a value: the path that refers back, and the path to which it refers. */
function loopIn(
  value: unknown,
  place: string,
  around: ReadonlyMap<unknown, string>,
  seen: Set<unknown>,
): [string, string] | undefined {
  if (typeof value !== 'object' || value === null || around.size > DEEPEST) return undefined
  const outer = around.get(value)
  if (outer !== undefined) return [place, outer]
  if (seen.has(value)) return undefined
  seen.add(value)
  const inside = new Map([...around, [value, place] as const])
  for (const [name, field] of Object.entries(value)) {
    const inner = Array.isArray(value) ? `${place}[${name}]` : `${place}.${name}`
    const found = loopIn(field, inner, inside, seen)
    if (found) return found
  }
  return undefined
}
/** The depth to which cycles are searched. */
const DEEPEST = 64

export async function decodeJson(artifact: Artifact): Promise<any> {
  return JSON.parse(new TextDecoder().decode(await artifact.bytes()))
}
