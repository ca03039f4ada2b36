import { readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import openapiTS, { astToString } from 'openapi-typescript'
import { beforeAll, describe, expect, it } from 'vitest'
import { documentAlone } from './document.fixture.ts'

const TYPES = resolve(import.meta.dirname, '../../cli/src/remote/control-api.ts')
/** Set to write down what control's document says now. */
const UPDATE = process.env['DOCS_UPDATE'] === '1'
const HOW = 'DOCS_UPDATE=1 npx vitest run --project alone apps/control/test/client-types'

type Node = { readonly [key: string]: unknown }
const isObject = (value: unknown): value is Node => typeof value === 'object' && value !== null && !Array.isArray(value)

let document: Node
beforeAll(async () => {
  document = (await documentAlone()) as Node
})

describe("the command line's client", () => {
  it('is typed by the OpenAPI document of control', async () => {
    const types = await openapiTS(clientsView(document) as never, { immutable: true, alphabetize: true })
    const text = `// Generated from control's OpenAPI document: ${HOW}\n\n${astToString(types)}`
    if (UPDATE) writeFileSync(TYPES, text)
    expect(readFileSync(TYPES, 'utf8'), HOW).toBe(text)
  })
})

describe('the OpenAPI document', () => {
  it('describes every response', () => {
    const vague = answersIn(document).flatMap(([where, schema]) => vagueIn(schema, where))
    expect(vague).toEqual([])
  })
})

/** Every answer to a request that was done. */
function answersIn({ paths }: Node): [where: string, schema: unknown][] {
  return Object.entries(paths as Node).flatMap(([path, methods]) =>
    Object.entries(methods as Node).flatMap(([method, operation]) =>
      Object.entries((operation as Node)['responses'] as Node).flatMap(([status, answer]) => {
        const { content = {} } = answer as { content?: Node }
        expect(Object.keys(content), `${method} ${path} ${status}`).toHaveLength(1)
        return status.startsWith('2')
          ? Object.values(content).map((body): [string, unknown] => [`${method} ${path}`, (body as Node)['schema']])
          : []
      }),
    ),
  )
}

/** Where a schema leaves open what there is, and does not say that it may be anything. */
function vagueIn(schema: unknown, where: string): string[] {
  if (!isObject(schema)) return [where]
  const { type, properties, additionalProperties: more, items, anyOf, description, $ref } = schema
  if ($ref !== undefined || anyOf !== undefined)
    return ((anyOf ?? []) as unknown[]).flatMap((each, at) => vagueIn(each, `${where}|${at}`))
  if (type === undefined) return description === undefined && schema['enum'] === undefined ? [where] : []
  if (type === 'array') return vagueIn(items, `${where}[]`)
  if (type !== 'object') return []
  if (Object.keys((properties ?? {}) as Node).length === 0) return more === false ? [] : vagueIn(more, `${where}.*`)
  return Object.entries(properties as Node).flatMap(([name, field]) => vagueIn(field, `${where}.${name}`))
}

/** What a client sees that is thrown at whatever is refused, and knows no more fields than there are today. */
function clientsView(document: Node): Node {
  const seen = (value: unknown, key?: string): unknown => {
    if (Array.isArray(value)) return value.map((each) => seen(each))
    if (!isObject(value)) return value
    const fields = Object.entries(value).filter(
      ([name, field]) =>
        !(key === 'responses' && !name.startsWith('2')) &&
        !(name === 'additionalProperties' && value['properties'] !== undefined && isObject(field)),
    )
    return Object.fromEntries(fields.map(([name, field]) => [name, seen(field, name)]))
  }
  return seen(document) as Node
}
