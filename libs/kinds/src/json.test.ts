import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { z } from 'zod'
import { json } from './json.ts'
import { artifactFolder, checkKind } from './testing.ts'

const folder = artifactFolder()
afterAll(() => folder[Symbol.dispose]())
const encoded = async (kind: ReturnType<typeof json<any>>, value: unknown) => {
  const encoding = await kind.encode(value, folder.encoder)
  return Buffer.from('bytes' in encoding ? encoding.bytes : []).toString()
}
const cycle: { self?: unknown } = {}
cycle.self = cycle

test('json meets the contract of the engine', () =>
  checkKind(json<any>(), {
    values: [null, true, 0, -1.5, 1e300, '', 'é😀\u0000\ud800', [], {}, { b: [1, { a: null }], a: '' }],
    refused: [
      NaN,
      Infinity,
      undefined,
      1n,
      new Date(),
      () => 1,
      Symbol('x'),
      new Map(),
      [undefined],
      { a: { b: -Infinity } },
      cycle,
    ],
  }))

test('json with a schema meets the contract of the engine', () =>
  checkKind(json(z.object({ name: z.string(), tags: z.array(z.string()) })), {
    values: [{ name: 'a', tags: ['x'] }],
    refused: [{ name: 1, tags: [] }, null, { name: 'a' }],
  }))

test('every JSON value is read back unchanged', () =>
  fc.assert(
    fc.asyncProperty(fc.jsonValue({ noUnicodeString: false }), async (value) => {
      expect(JSON.parse(await encoded(json<any>(), value))).toEqual(value)
    }),
  ))

test('the order of keys makes no difference to the bytes; -0 and 0 differ, as they do in JavaScript', async () => {
  expect(await encoded(json<any>(), { b: -0, a: undefined, c: [] })).toBe('{"b":-0,"c":[]}')
  expect(await encoded(json<any>(), { c: [], b: 0 })).toBe('{"b":0,"c":[]}')
})

test('the parsed value of the schema is what is written', async () => {
  const Limits = json(z.object({ late: z.number().default(15), name: z.string().trim() }))
  expect(await encoded(Limits, { name: ' a ', extra: 1 })).toBe('{"late":15,"name":"a"}')
})

test('a refusal names the path', async () => {
  const Scores = json(z.object({ scores: z.array(z.number()) }))
  await expect(encoded(Scores, { scores: [1, 'b'] })).rejects.toThrow('scores.1: Invalid input: expected number')
  await expect(encoded(json<any>(), { a: [1, NaN] })).rejects.toThrow('value.a[1] is NaN, which JSON cannot represent')
  const Day = json(z.object({ day: z.string().transform((text) => new Date(text)) }), { describe: 'a day' })
  await expect(encoded(Day, { day: '2001-01-01' })).rejects.toThrow('value.day is a Date, which JSON cannot represent')
})

test('its description is the schema of the read value', () => {
  expect(json(z.object({ a: z.number().default(1) })).schema).toMatchObject({
    type: 'object',
    properties: { a: { type: 'number' } },
    required: ['a'],
  })
})

test('a schema that JSON Schema cannot express must be described', () => {
  const schema = z.string().transform((text) => new Date(text))
  expect(() => json(schema)).toThrow('the zod schema cannot be converted to JSON Schema')
  expect(json(schema, { describe: 'a day, v1' }).schema).toBe('a day, v1')
})

test('json without a schema accepts any JSON, json with one only its own', () => {
  const written = { kind: 'json', version: 1, schema: json(z.string()).schema }
  expect(json().accepts!(written)).toBe(true)
  expect(json(z.string()).accepts!(written)).toBe(true)
  expect(json(z.number()).accepts!(written)).toBe(false)
  expect(json(z.string()).accepts!({ ...written, kind: 'metrics' })).toBe(false)
})
