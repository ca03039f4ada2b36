import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { artifactFolder } from '../testing.ts'
import { sql } from './sql.ts'
import { table } from './table.ts'

const folder = artifactFolder()
afterAll(() => folder[Symbol.dispose]())

const text = fc.string({ unit: 'binary' }) // any well-formed Unicode, NUL included
const day = fc
  .integer({ min: -719162, max: 2932896 })
  .map((days) => new Date(days * 86_400_000).toISOString().slice(0, 10))
const instant = fc.integer({ min: -62135596800000, max: 253402300799999 }).map((time) => new Date(time))
const whole = (bits: number, signed: boolean) =>
  fc.integer({ min: signed ? -(2 ** (bits - 1)) : 0, max: 2 ** (signed ? bits - 1 : bits) - 1 })
const nullable = <T>(values: fc.Arbitrary<T>) => fc.option(values, { nil: null })

const Every = table({
  b: 'bool',
  i8: 'int8',
  i16: 'int16',
  i32: 'int32',
  i64: 'int64',
  u8: 'uint8',
  u16: 'uint16',
  u32: 'uint32',
  big: 'bigint',
  f32: 'float32',
  f64: 'float64',
  nan: 'float64|nan',
  s: 'string',
  d: 'date',
  t: 'timestamp',
  b0: 'bool?',
  i0: 'int64?',
  big0: 'bigint?',
  f0: 'float32?',
  nan0: 'float64|nan?',
  s0: 'string?',
  d0: 'date?',
  t0: 'timestamp?',
} as const)
const row = fc.record({
  b: fc.boolean(),
  i8: whole(8, true),
  i16: whole(16, true),
  i32: whole(32, true),
  i64: fc.maxSafeInteger(),
  u8: whole(8, false),
  u16: whole(16, false),
  u32: whole(32, false),
  big: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  f32: fc.float({ noNaN: true, noDefaultInfinity: true }),
  f64: fc.double({ noNaN: true, noDefaultInfinity: true }),
  nan: fc.double(),
  s: text,
  d: day,
  t: instant,
  b0: nullable(fc.boolean()),
  i0: nullable(fc.maxSafeInteger()),
  big0: nullable(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
  f0: nullable(fc.float({ noNaN: true, noDefaultInfinity: true })),
  nan0: nullable(fc.double()),
  s0: nullable(text),
  d0: nullable(day),
  t0: nullable(instant),
})

test('rows of every type are read back unchanged, with the same bytes as rows, columns, Arrow and SQL', () =>
  fc.assert(
    fc.asyncProperty(fc.array(row, { maxLength: 20 }), async (rows) => {
      const artifact = await folder.write(Every, rows)
      const found = await Every.decode(artifact)
      expect(await found.toArray()).toEqual(rows.map(withoutMinusZero))
      expect(await found.count()).toBe(rows.length)
      const names = Object.keys(Every.columns)
      const columns = Object.fromEntries(names.map((name) => [name, rows.map((row) => row[name as 'b'])]))
      for (const same of [columns, await found.arrow(), found, sql`select * from ${found}`])
        expect((await folder.write(Every, same as never)).ref.digest).toBe(artifact.ref.digest)
    }),
    { numRuns: 60 },
  ))

// Whole numbers have one zero; floats have two.
function withoutMinusZero<R extends Record<string, unknown>>(row: R): R {
  const whole = new Set(['i8', 'i16', 'i32', 'i64', 'u8', 'u16', 'u32', 'i0'])
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [name, whole.has(name) && value === 0 ? 0 : value]),
  ) as R
}

test('columnsOf agrees with the rows', () =>
  fc.assert(
    fc.asyncProperty(fc.array(row, { maxLength: 20 }), async (rows) => {
      const found = await Every.decode(await folder.write(Every, rows))
      const columns = await found.columnsOf(['i8', 'u32', 'i64', 'f32', 'f64', 'nan', 'big', 's0', 'd', 't', 'i0'])
      expect([...columns.i8]).toEqual(rows.map(({ i8 }) => i8 + 0))
      expect([...columns.u32]).toEqual(rows.map(({ u32 }) => u32))
      expect([...columns.i64]).toEqual(rows.map(({ i64 }) => i64 + 0))
      expect([...columns.f32]).toEqual(rows.map(({ f32 }) => f32))
      expect([...columns.f64]).toEqual(rows.map(({ f64 }) => f64))
      expect([...columns.nan]).toEqual(rows.map(({ nan }) => nan))
      expect([...columns.big]).toEqual(rows.map(({ big }) => big))
      expect(columns.s0).toEqual(rows.map(({ s0 }) => s0))
      expect([...columns.d]).toEqual(rows.map(({ d }) => Date.parse(d) / 86_400_000))
      expect([...columns.t]).toEqual(rows.map(({ t }) => t.getTime()))
      expect([...columns.i0]).toEqual(rows.map(({ i0 }) => (i0 === null ? NaN : i0 + 0)))
    }),
    { numRuns: 40 },
  ))
