import { format } from 'prettier'

interface Schema {
  readonly type?: string | readonly string[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly anyOf?: readonly Schema[]
  readonly items?: Schema
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: Schema | boolean
  readonly default?: unknown
  readonly $ref?: string
}

interface Operation {
  readonly summary?: string
  readonly tags?: readonly string[]
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: { readonly content: Content }
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content: Content }>>
}
interface Parameter {
  readonly name: string
  readonly in: string
  readonly required?: boolean
  readonly schema: Schema
  readonly description?: string
}
type Content = Readonly<Record<string, { readonly schema: Schema }>>

interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
}

/** How deep the types of the page go. */
const DEPTH = 4

const INTRODUCTION = `# HTTP API

Control answers these requests. [The HTTP API](guides/services.md#the-http-api) shows how to find its address and a token,
and [Security](security.md#tokens) which right opens which address. This page is generated from control's OpenAPI
document; \`GET /v1/openapi.json\` returns the document itself, with complete schemas for generators of clients.

Send the token as \`authorization: Bearer <token>\`. Errors are \`application/problem+json\`, as
[RFC 9457](https://www.rfc-editor.org/rfc/rfc9457) describes:
`

/** The page of the documentation that describes every address of an OpenAPI document. */
export async function restPage(document: object): Promise<string> {
  const { paths } = document as OpenApi
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ title: `${method.toUpperCase()} ${path}`, operation })),
  )
  const tags = Map.groupBy(operations, ({ operation }) => operation.tags?.[0] ?? 'health')
  const page = [
    INTRODUCTION,
    errorsTable(operations.map(({ operation }) => operation)),
    ...[...tags].flatMap(([tag, its]) => [
      `## ${tag[0]!.toUpperCase()}${tag.slice(1)}`,
      ...its.map(({ title, operation }) => describeOperation(title, operation)),
    ]),
  ].join('\n\n')
  return await format(page, { parser: 'markdown', semi: false, singleQuote: true, printWidth: 120 })
}

/** All refusals: they are the same for all addresses that have them. */
function errorsTable(operations: readonly Operation[]): string {
  const errors = new Map(
    operations.flatMap(({ responses }) =>
      Object.entries(responses)
        .filter(([status]) => !status.startsWith('2'))
        .map(([status, { description }]) => [status, description] as const),
    ),
  )
  return table(
    ['status', 'meaning'],
    [...errors].toSorted(([a], [b]) => Number(a) - Number(b)),
  )
}

function describeOperation(title: string, { summary, parameters = [], requestBody, responses }: Operation): string {
  const [status, answer] = Object.entries(responses).find(([status]) => status.startsWith('2'))!
  const more = parameters.filter((parameter) => parameter.in !== 'path')
  return [
    `### \`${title}\``,
    summary ?? answer.description,
    more.length > 0 && table(['parameter', 'in', 'type', 'meaning'], more.map(parameterRow)),
    requestBody && describeContent('The body', 'Body', requestBody.content),
    describeContent(`Answers ${status}`, 'Answer', answer.content),
  ]
    .filter(Boolean)
    .join('\n\n')
}

function parameterRow({ name, in: place, required, schema, description = '' }: Parameter): string[] {
  const fallback = schema.default !== undefined && `default ${JSON.stringify(schema.default)}`
  return [
    `\`${name}\``,
    required ? place : `${place}, optional`,
    `\`${typeOf(schema).replaceAll('|', '\\|')}\``,
    [description.replaceAll('<', String.raw`\<`), fallback].filter(Boolean).join('; '),
  ]
}

function describeContent(what: string, name: string, content: Content): string {
  const [type, { schema }] = Object.entries(content)[0]!
  const isText = /json|event-stream/.test(type)
  return `${what}: \`${type}\`${isText ? `\n\n\`\`\`typescript\ntype ${name} = ${typeOf(schema)}\n\`\`\`` : '.'}`
}

/** A schema as a type of TypeScript. */
function typeOf(schema: Schema | undefined, depth = DEPTH): string {
  if (schema === undefined) return 'unknown'
  if (schema.$ref !== undefined) return schema.$ref.split('/').at(-1)!
  if (schema.const !== undefined) return JSON.stringify(schema.const)
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' | ')
  if (schema.anyOf) return [...new Set(schema.anyOf.map((each) => typeOf(each, depth)))].join(' | ')
  if (schema.type === 'array') return `readonly (${typeOf(schema.items, depth)})[]`
  if (schema.type === 'object') return objectType(schema, depth)
  const types = typeof schema.type === 'string' ? [schema.type] : (schema.type ?? ['unknown'])
  return types.map((type) => (type === 'integer' ? 'number' : type)).join(' | ')
}

function objectType({ properties = {}, required = [], additionalProperties: more }: Schema, depth: number): string {
  const fields = Object.entries(properties)
  if (depth === 0) return 'object'
  if (fields.length === 0)
    return more === false ? '{}' : `Record<string, ${typeof more === 'object' ? typeOf(more, depth - 1) : 'unknown'}>`
  const shown = fields.map(
    ([name, field]) =>
      `${/^\w+$/.test(name) ? name : JSON.stringify(name)}${required.includes(name) ? '' : '?'}: ${typeOf(field, depth - 1)}`,
  )
  return `{ ${shown.join('; ')} }`
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')
}
