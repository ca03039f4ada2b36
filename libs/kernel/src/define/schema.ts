import { CairnError, suggest } from '../errors.ts'
import type { Json } from '../json.ts'

/**
 * The part of Standard Schema v1 (https://standardschema.dev) that Cairn calls. Zod, Valibot, ArkType and others
 * implement it. The specification allows copying the interface, so the kernel depends on none of these libraries.
 */
export interface Schema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly types?: { readonly input: Input; readonly output: Output } | undefined
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>
    /** Standard JSON Schema, if the library supports it. */
    readonly jsonSchema?: {
      readonly input: (options: {
        readonly target: string
        readonly libraryOptions?: Readonly<Record<string, unknown>>
      }) => Record<string, unknown>
      readonly output: (options: { readonly target: string }) => Record<string, unknown>
    }
  }
}
export type SchemaResult<Output> =
  { readonly value: Output; readonly issues?: undefined } | { readonly issues: ReadonlyArray<SchemaIssue> }
export interface SchemaIssue {
  readonly message: string
  readonly path?: ReadonlyArray<PropertyKey | { readonly key: PropertyKey }> | undefined
}
/** A schema of any value. `any`, because inputs are contravariant and outputs covariant. */
export type AnySchema = Schema<any, any>
/** What a schema accepts. */
export type SchemaInput<S extends AnySchema> = NonNullable<S['~standard']['types']>['input']
/** What a schema parses to. */
export type SchemaOutput<S extends AnySchema> = NonNullable<S['~standard']['types']>['output']

/** Whether a value is a Standard Schema. */
export function isSchema(value: unknown): value is AnySchema {
  return typeof (value as Partial<AnySchema> | null)?.['~standard']?.validate === 'function'
}

/**
 * Parses a value with a schema.
 * @param refuse makes the error from the issues, each formatted as `path: message`
 * @throws the error that `refuse` returns, also when the schema itself throws
 */
export async function validate<Output>(
  schema: Schema<any, Output>,
  value: unknown,
  refuse: (texts: string[], issues: readonly SchemaIssue[]) => Error,
): Promise<Output> {
  let result: Awaited<ReturnType<(typeof schema)['~standard']['validate']>>
  try {
    result = await schema['~standard'].validate(value)
  } catch (error) {
    throw refuse([`its schema throws ${error instanceof Error ? error.message : 'a value that is not an error'}`], [])
  }
  if (result.issues === undefined) return result.value
  throw refuse(result.issues.map(issueText), result.issues)
}

/** Formats an issue as `path: message`. */
export function issueText({ path, message }: SchemaIssue): string {
  const where = wordsOf(path).join('.')
  return where ? `${where}: ${message}` : message
}

function wordsOf(path: SchemaIssue['path']): string[] {
  return (path ?? []).map((part) => String(typeof part === 'object' ? part.key : part))
}

/** JSON Schema (2020-12) of a schema's input or output; undefined when its library cannot express it. */
export function jsonSchema(schema: AnySchema, side: 'input' | 'output'): Json | undefined {
  try {
    return schema['~standard'].jsonSchema?.[side]({ target: 'draft-2020-12' }) as Json | undefined
  } catch {
    return undefined // the standard lets a library throw for what JSON Schema cannot express
  }
}

/** JSON Schema of a schema's input. Parts that JSON Schema cannot express, such as dates, accept anything in it. */
export function inputSchema(schema: AnySchema): Json | undefined {
  try {
    // By default, Zod refuses a whole schema for one field that JSON Schema cannot express.
    const options = { target: 'draft-2020-12', libraryOptions: { unrepresentable: 'any' } }
    return schema['~standard'].jsonSchema?.input(options) as Json | undefined
  } catch {
    return undefined
  }
}

/** The field names of an object schema; undefined if its library cannot list them. */
export function fieldNames(schema: AnySchema): string[] | undefined {
  const described = inputSchema(schema)
  if (typeof described !== 'object' || described === null || !('properties' in described)) return undefined
  return Object.keys(described.properties as object)
}

/**
 * Parses parameters. Unlike most schema libraries, it refuses unknown names.
 * @param owner whose parameters they are, for the error message
 * @param section the prefix of their names in `--set`: the step's name, or nothing for the pipeline's own parameters
 * @throws CairnError BAD_PARAMETER for an unknown name or a value that the schema refuses
 * @throws CairnError BAD_DEFINITION when `schema` is not a schema
 */
export async function parseParams(
  schema: AnySchema | undefined,
  given: Readonly<Record<string, unknown>>,
  owner: string,
  section = owner,
): Promise<Record<string, Json>> {
  if (schema && !isSchema(schema))
    throw new CairnError('BAD_DEFINITION', `the params of ${owner} are not a schema`, {
      next: 'write params: z.object({ trees: z.number().default(100) })',
    })
  const known = schema ? fieldNames(schema) : []
  for (const name of known ? Object.keys(given) : [])
    if (!known!.includes(name))
      throw new CairnError('BAD_PARAMETER', `${owner} has no parameter "${name}"`, {
        next: suggest(name, known!, `${owner} takes no parameters: remove it`),
      })
  if (!schema) return {}
  const parsed = await validate(schema, given, (_, issues) => {
    const texts = issues.map((issue) => issueText(issue) + givenText(given, wordsOf(issue.path)))
    const path = issues.map((issue) => wordsOf(issue.path)).find(({ length }) => length > 0) ?? [known?.[0] ?? 'name']
    return new CairnError('BAD_PARAMETER', `invalid parameters of ${owner}: ${texts.join('; ')}`, {
      next: `set a valid value: --set ${[...(section === '' ? [] : [section]), ...path].join('.')}=…`,
    })
  })
  return parsed as Record<string, Json>
}

/** Formats the given value for the error message: ` (it is 3.5)`. Empty for objects. */
function givenText(given: unknown, path: readonly string[]): string {
  let value: unknown = given
  for (const word of path) value = typeof value === 'object' && value !== null ? value[word as never] : undefined
  if (path.length === 0 || (typeof value === 'object' && value !== null)) return ''
  const text = value === undefined ? 'not given' : typeof value === 'number' ? String(value) : JSON.stringify(value)
  return ` (it is ${text.length > 60 ? `${text.slice(0, 60)}…` : text})`
}
