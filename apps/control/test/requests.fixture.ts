import fc from 'fast-check'

/** Requests of every kind, made from an OpenAPI document and against it. */

export interface Schema {
  readonly type?: string
  readonly pattern?: string
  readonly enum?: readonly unknown[]
  readonly minimum?: number
  readonly maximum?: number
  readonly items?: Schema
  readonly properties?: Readonly<Record<string, Schema>>
  readonly nullable?: boolean
}
export interface Operation {
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly schema?: Schema }[]
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> }
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema: Schema }>> }>
  >
}
export interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> }
}

export interface Generated {
  /** `get /v1/pipelines/{pipeline}/runs` */
  readonly operation: string
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
}

const HOSTILE = [
  '',
  '.',
  '..',
  '../..',
  '%',
  '%00',
  '\0',
  'ä'.repeat(200),
  'x'.repeat(300),
  'x'.repeat(5_000),
  '__proto__',
  'constructor',
  'runs/.',
  'runs/../x',
  'objects/',
  '-1',
  '1e99',
  'null',
  '\u{1f600}',
  '\ud800',
]
/** What is there, so that some requests get through. */
const KNOWN: Readonly<Record<string, readonly string[]>> = {
  pipeline: ['orders', 'hiding'],
  path: [
    'runs/',
    'runs/none/plan',
    `objects/aa/${'a'.repeat(64)}`,
    'checkpoints/load/x',
    'code/x.mjs',
    'refs/production',
  ],
}
const hostileText = fc.oneof(fc.constantFrom(...HOSTILE), fc.string(), fc.string({ unit: 'binary' }))

function valueOf(schema: Schema = {}): fc.Arbitrary<unknown> {
  if (schema.enum) return fc.constantFrom(...schema.enum)
  switch (schema.type) {
    case 'integer':
    case 'number':
      return fc.integer({ min: schema.minimum ?? -5, max: schema.maximum ?? 500 })
    case 'boolean':
      return fc.boolean()
    case 'array':
      return fc.array(valueOf(schema.items), { maxLength: 3 })
    case 'object': {
      const fields = Object.entries(schema.properties ?? {}).map(([name, field]) => [name, valueOf(field)] as const)
      return fc.record(Object.fromEntries(fields), { requiredKeys: [] })
    }
    case 'string':
      return fc.oneof(fc.constantFrom('orders', 'load', 'total', '20260101-000000-abcde', '0-0'), fc.string())
    default:
      return fc.jsonValue()
  }
}

/** Mostly what fits, often what does not. */
const mixed = (schema: Schema | undefined, known: readonly string[] = []): fc.Arbitrary<unknown> =>
  fc.oneof(
    { weight: 3, arbitrary: known.length > 0 ? fc.constantFrom(...known) : valueOf(schema) },
    { weight: 2, arbitrary: valueOf(schema) },
    { weight: 2, arbitrary: hostileText },
  )

const text = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value)) ?? ''
const escaped = (value: unknown): string => encodeURIComponent(text(value).toWellFormed())

const bodies = (schema: Schema | undefined): fc.Arbitrary<string | undefined> =>
  fc.oneof(
    { weight: 4, arbitrary: valueOf(schema).map(text) },
    { weight: 1, arbitrary: fc.json() },
    { weight: 1, arbitrary: hostileText },
    { weight: 1, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.nat(2_000).map((depth) => '['.repeat(depth) + ']'.repeat(depth)) },
  )
const types = fc.oneof(
  { weight: 6, arbitrary: fc.constant('own') },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      'application/json',
      'application/json; charset=utf-16',
      'application/octet-stream',
      'text/plain',
      'application/xml',
      'multipart/form-data; boundary=x',
      'nothing',
      'none',
    ),
  },
)

export function requestsOf({ paths }: Document): fc.Arbitrary<Generated> {
  const all = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => requestOf(method, path, operation)),
  )
  return fc.oneof(...all)
}

function requestOf(method: string, template: string, operation: Operation): fc.Arbitrary<Generated> {
  const { parameters = [], requestBody } = operation
  const of = (place: string) => parameters.filter((parameter) => parameter.in === place)
  const values = (place: string, requiredKeys: string[]) =>
    fc.record(Object.fromEntries(of(place).map(({ name, schema }) => [name, mixed(schema, KNOWN[name])])), {
      requiredKeys,
    })
  const [own] = Object.entries(requestBody?.content ?? {})
  const ownType = own?.[0]
  const schema = own?.[1].schema
  return fc
    .record({
      inPath: values(
        'path',
        of('path').map(({ name }) => name),
      ),
      inQuery: values('query', []),
      extra: fc.option(fc.tuple(fc.string(), fc.string()), { freq: 10 }),
      inHeaders: values('header', []),
      body: method === 'get' ? fc.constant(undefined) : bodies(schema),
      type: types,
      verb: fc.oneof({ weight: 19, arbitrary: fc.constant(method) }, fc.constantFrom('delete', 'patch', 'put', 'post')),
    })
    .map(({ inPath, inQuery, extra, inHeaders, body, type, verb }) => {
      const query = [...Object.entries(inQuery), ...(extra ? [extra] : [])]
        .flatMap(([name, value]) => [value].flat().map((one) => `${escaped(name)}=${escaped(one)}`))
        .join('&')
      const path = template.replaceAll(/\{(\w+)\}/g, (_, name: string) => escaped(inPath[name]))
      const sentType = type === 'own' ? (ownType ?? (body === undefined ? 'none' : 'application/json')) : type
      const headers = Object.entries(inHeaders).map(([name, value]) => [name, escaped(value)])
      return {
        operation: `${verb} ${template}`,
        method: verb.toUpperCase(),
        path: path + (query && `?${query}`),
        headers: { ...Object.fromEntries(headers), ...(sentType !== 'none' && { 'content-type': sentType }) },
        body,
      }
    })
}
