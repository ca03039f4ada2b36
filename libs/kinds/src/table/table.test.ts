import { version } from '@duckdb/node-api'
import { tableFromArrays, tableFromIPC, tableToIPC } from 'apache-arrow'
import { afterAll, describe, expect, test } from 'vitest'
import { artifactFolder, checkKind } from '../testing.ts'
import type { Columns } from './columns.ts'
import { DUCKDB } from './duckdb.ts'
import { parquet } from './files.ts'
import { sql } from './sql.ts'
import { partitions } from './partitions.ts'
import { table } from './table.ts'

const folder = artifactFolder()
afterAll(() => folder[Symbol.dispose]())

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
  i0: 'int16?',
  big0: 'bigint?',
  f0: 'float64?',
  n0: 'float32|nan?',
  s0: 'string?',
  d0: 'date?',
  t0: 'timestamp?',
} as const)
const low = {
  b: false,
  i8: -128,
  i16: -32768,
  i32: -2147483648,
  i64: Number.MIN_SAFE_INTEGER,
  u8: 0,
  u16: 0,
  u32: 0,
  big: -(2n ** 63n),
  f32: -3.4028234663852886e38,
  f64: -Number.MAX_VALUE,
  nan: NaN,
  s: '',
  d: '0001-01-01',
  t: new Date('0001-01-01T00:00:00.000Z'),
  b0: null,
  i0: null,
  big0: null,
  f0: null,
  n0: null,
  s0: null,
  d0: null,
  t0: null,
}
const high = {
  b: true,
  i8: 127,
  i16: 32767,
  i32: 2147483647,
  i64: Number.MAX_SAFE_INTEGER,
  u8: 255,
  u16: 65535,
  u32: 4294967295,
  big: 2n ** 63n - 1n,
  f32: 3.4028234663852886e38,
  f64: Number.MIN_VALUE,
  nan: -Infinity,
  s: 'é😀\0"\'',
  d: '9999-12-31',
  t: new Date('9999-12-31T23:59:59.999Z'),
  b0: true,
  i0: 0,
  big0: 0n,
  f0: -0,
  n0: NaN,
  s0: '',
  d0: '2000-02-29',
  t0: new Date(-1),
}

test('table meets the contract of the engine', () =>
  checkKind(Every, {
    values: [[], [low], [low, high, low]],
    refused: [null, 'rows', 3, [1], [null], [{}], [{ ...low, more: 1 }], { b: [true] }, [{ ...low, b: 0 }]],
    read: (found) => found.toArray(),
  }))

const Delays = table({ origin: 'string', delay: 'float64?' })
const rows = [
  { origin: 'ATL', delay: 5 },
  { origin: 'LAS', delay: null },
  { origin: 'JFK', delay: -0.25 },
]

test('rows, columns, an Arrow table, a table and a query of the same rows have the same bytes', async () => {
  const [first, ...others] = await Promise.all(
    [
      rows,
      new Set(rows),
      (async function* () {
        yield* rows
      })(),
      { origin: ['ATL', 'LAS', 'JFK'], delay: [5, null, -0.25] },
      tableFromArrays({ origin: ['ATL', 'LAS', 'JFK'], delay: [5, null, -0.25] }),
      tableFromIPC(tableToIPC(tableFromArrays({ origin: ['ATL', 'LAS', 'JFK'], delay: [5, null, -0.25] }))),
      await Delays.decode(await folder.write(Delays, rows)),
      (await Delays.decode(await folder.write(Delays, rows))).rows(),
      sql`select * from (values ('ATL', 5.0), ('LAS', null), ('JFK', -0.25)) t(origin, delay)`,
      sql`select 'ATL' as origin, 5 as delay union all select 'LAS', null union all select 'JFK', -0.25`,
    ].map((value) => folder.write(Delays, value)),
  )
  for (const { ref } of others) expect(ref.digest).toBe(first!.ref.digest)
  expect(first!.ref.summary).toEqual({ rows: 3, columns: 2 })
})

test('columns are accepted as columnsOf returns them', async () => {
  const Filled = table({ b: 'bool', i: 'int64', f: 'float32', d: 'date', t: 'timestamp', big: 'bigint' })
  const given = [
    { b: true, i: 2 ** 40, f: 0.5, d: '2001-03-04', t: new Date(1), big: 1n },
    { b: false, i: -1, f: -1.5, d: '1969-12-31', t: new Date(-1), big: -1n },
  ]
  const artifact = await folder.write(Filled, given)
  const columns = await (await Filled.decode(artifact)).columnsOf(['b', 'i', 'f', 'd', 't', 'big'])
  expect(columns).toEqual({
    b: Uint8Array.from([1, 0]),
    i: Float64Array.from([2 ** 40, -1]),
    f: Float32Array.from([0.5, -1.5]),
    d: Int32Array.from([11385, -1]),
    t: Float64Array.from([1, -1]),
    big: BigInt64Array.from([1n, -1n]),
  })
  expect((await folder.write(Filled, columns)).ref.digest).toBe(artifact.ref.digest)
})

test('columnsOf returns nulls in number columns as NaN, others as null', async () => {
  const found = await Every.decode(await folder.write(Every, [low]))
  expect(await found.columnsOf(['i0', 'f0', 'n0', 'd0', 't0', 's0', 'b0', 'big0', 'i8'])).toEqual({
    i0: Float64Array.from([NaN]),
    f0: Float64Array.from([NaN]),
    n0: Float32Array.from([NaN]),
    d0: Float64Array.from([NaN]),
    t0: Float64Array.from([NaN]),
    s0: [null],
    b0: [null],
    big0: [null],
    i8: Int8Array.from([-128]),
  })
  await expect(found.columnsOf(['i9'] as never)).rejects.toThrow('the table has no column "i9"')
})

test('an Arrow table has the same values, and distinguishes nulls from NaN', async () => {
  const artifact = await folder.write(Every, [low, high])
  const arrow = await (await Every.decode(artifact)).arrow()
  expect(arrow.numRows).toBe(2)
  expect([...arrow.getChild('n0')!]).toEqual([null, NaN])
  expect([...arrow.getChild('i64')!]).toEqual([BigInt(low.i64), BigInt(high.i64)])
  expect((await folder.write(Every, arrow)).ref.digest).toBe(artifact.ref.digest)
})

describe('a value that does not fit is refused with its column and row, counted from 0', () => {
  const refusals: [Columns, unknown, string][] = [
    [{ x: 'float64' }, [{ x: 1 }, { x: NaN }], 'column "x", row 1: is NaN'],
    [{ x: 'float64' }, { x: Float64Array.of(0, -Infinity) }, 'column "x", row 1: is -Infinity'],
    [{ x: 'float32?' }, [{ x: null }, { x: Infinity }], 'column "x", row 1: is Infinity'],
    [{ x: 'float32' }, [{ x: 1e39 }], 'column "x", row 0: is 1e+39, which float32 cannot hold'],
    [{ x: 'float32|nan' }, [{ x: NaN }, { x: -1e39 }], 'column "x", row 1: is -1e+39, which float32 cannot hold'],
    [{ x: 'int8' }, [{ x: 0 }, { x: 128 }], 'column "x", row 1: is 128, which int8 cannot hold'],
    [{ x: 'uint8' }, { x: [0, 1, -1] }, 'column "x", row 2: is -1, which uint8 cannot hold'],
    [{ x: 'int32' }, [{ x: 1.5 }], 'column "x", row 0: is 1.5, not an integer'],
    [{ x: 'int64' }, [{ x: 2 ** 53 }], 'column "x", row 0: is 9007199254740992, too large for an exact number'],
    [{ x: 'int64' }, sql`select 9007199254740993 as x`, 'row 0: is 9007199254740993, which int64 cannot hold'],
    [{ x: 'bigint' }, sql`select 9223372036854775808 as x`, 'row 0: is 9223372036854775808, which bigint cannot hold'],
    [{ x: 'bigint' }, [{ x: 2n ** 63n }], 'row 0: is 9223372036854775808n, not a 64-bit bigint'],
    [{ x: 'string' }, [{ x: 'a' }, { x: null }], 'column "x", row 1: is null'],
    [{ x: 'string' }, [{ x: 'a' }, {}], 'column "x", row 1: is missing'],
    [{ x: 'string?' }, [{ x: undefined }], 'column "x", row 0: is missing'],
    [{ x: 'string' }, [{ x: '\ud800' }], 'column "x", row 0: is "\\ud800", not a string of valid Unicode'],
    [{ x: 'string' }, sql`select case when i = 4 then null else 'a' end as x from range(9) t(i)`, 'row 4: is null'],
    [{ x: 'bool' }, [{ x: 'yes' }], 'column "x", row 0: is "yes", not a boolean'],
    [{ x: 'date' }, [{ x: '2001-02-29' }], 'column "x", row 0: is "2001-02-29", not a date'],
    [{ x: 'date' }, [{ x: new Date(0) }], 'column "x", row 0: is 1970-01-01T00:00:00.000Z, not a date'],
    [{ x: 'date' }, sql`select date '10000-01-01' as x`, 'column "x", row 0: is 10000-01-01, which date cannot hold'],
    [{ x: 'date' }, sql`select 'infinity'::date as x`, 'column "x", row 0: is infinity, which date cannot hold'],
    [{ x: 'timestamp' }, [{ x: new Date(NaN) }], 'column "x", row 0: is Invalid Date, not a valid Date'],
    [{ x: 'timestamp' }, [{ x: 5 }], 'column "x", row 0: is 5, not a valid Date'],
    [{ x: 'timestamp' }, sql`select timestamp '2001-01-01 00:00:00.000001' as x`, 'which timestamp cannot hold'],
    [{ x: 'timestamp' }, sql`select '2001-01-01 00:00:00.000000001'::timestamp_ns as x`, 'which timestamp cannot hold'],
    [{ x: 'int8', y: 'int8' }, { x: [1, 2], y: [1] }, 'column "y" has 1 rows, but "x" has 2'],
    [{ x: 'int8', y: 'int8' }, { x: [1, 2] }, 'the table has no column "y"'],
    [{ x: 'int8' }, { x: [1], z: [1] }, 'the table has a column "z" that is not declared'],
    [{ x: 'int8' }, [{ x: 1 }, { x: 1, z: 1 }], 'row 1 has a column "z" that is not declared'],
    [{ x: 'int8' }, [{ x: 1 }, null], 'row 1 is null, not an object'],
    [{ x: 'int8' }, sql`select 1 as x, 2 as z`, 'the query has a column "z" that is not declared'],
    [{ x: 'int8', y: 'int8' }, sql`select 1 as x`, 'the query has no column "y"'],
    [{ x: 'int8' }, sql`select 1.5 as x`, 'column "x" is declared int8, but it is DECIMAL(2,1)'],
    [{ x: 'float64' }, sql`select '1' as x`, 'column "x" is declared float64, but it is VARCHAR'],
    [{ x: 'float64' }, 'rows', 'a table cannot be created from string'],
  ]
  test.each(refusals)('%o', async (columns, value, message) => {
    const refusal = folder.write(table(columns), value as never)
    await expect(refusal).rejects.toThrow(message)
    await expect(refusal).rejects.toMatchObject({ name: 'CairnError', code: 'BAD_OUTPUT' })
  })
})

test('the first bad cell is found after several row groups', async () => {
  const Numbers = table({ i: 'int32', x: 'float64' })
  const bad = sql`select i::int as i, case when i >= ${250_000} then 'nan'::double else i end as x from range(300000) t(i)`
  await expect(folder.write(Numbers, bad)).rejects.toMatchObject({
    message: 'column "x", row 250000: is NaN',
    next: 'check the computation; to allow it, declare the column "float64|nan"',
  })
})

test('a table with more columns is reduced to the declared ones', async () => {
  const found = await Every.decode(await folder.write(Every, [low, high]))
  const Narrow = table({ s: 'string', i8: 'int8' })
  const narrow = await Narrow.decode(await folder.write(Narrow, found as never))
  expect(await narrow.toArray()).toEqual([
    { s: low.s, i8: low.i8 },
    { s: high.s, i8: high.i8 },
  ])
  await expect(folder.write(table({ s: 'string', i8: 'int8', zz: 'bool' }), found as never)).rejects.toThrow(
    'the query has no column "zz"',
  )
})

test('an input accepts tables with at least its columns, of the same types', () => {
  const written = (columns: Columns) => ({ kind: 'table', version: 1, schema: table(columns).schema })
  const { accepts } = table({ a: 'int8', b: 'string?' })
  expect(accepts!(written({ b: 'string?', c: 'date', a: 'int8' }))).toBe(true)
  expect(accepts!(written({ a: 'int8', b: 'string' }))).toBe(false)
  expect(accepts!(written({ a: 'int8' }))).toBe(false)
  expect(accepts!({ kind: 'json', version: 1, schema: true })).toBe(false)
})

test('it reads only the declared columns, in the declared order', async () => {
  const artifact = await folder.write(Delays, rows)
  const found = await table({ delay: 'float64?' }).decode(artifact)
  expect(await sql`select * from ${found}`.toArray()).toEqual(rows.map(({ delay }) => ({ delay })))
  expect(found.columns).toEqual({ delay: 'float64?' })
})

test('any name is valid for a column', async () => {
  const Odd = table({ 'a "b"': 'int8', select: 'string', 'é 😀': 'bool' })
  const odd = [{ 'a "b"': 1, select: 'x', 'é 😀': true }]
  const found = await Odd.decode(await folder.write(Odd, odd))
  expect(await found.toArray()).toEqual(odd)
  expect(await found.columnsOf(['a "b"'])).toEqual({ 'a "b"': Int8Array.of(1) })
})

test('columns named by whole numbers keep their order if declared as a list', async () => {
  const Years = table([
    ['place', 'string'],
    ['2001', 'int32'],
    ['1999', 'int32?'],
    ['constructor', 'bool'],
  ])
  const years = [
    { place: 'a', '2001': 1, '1999': null, constructor: true },
    { place: 'b', '2001': 2, '1999': 3, constructor: false },
  ]
  const names = ['place', '2001', '1999', 'constructor']
  const artifact = await folder.write(Years, years)
  const found = await Years.decode(artifact)
  expect(await found.toArray()).toEqual(years)
  const arrow = await found.arrow()
  expect(arrow.schema.fields.map(({ name }) => name)).toEqual(names)
  expect(arrow.getChild('1999')!.toJSON()).toEqual([null, 3])
  expect(await found.columnsOf(['1999', '2001'])).toEqual({
    '1999': Float64Array.of(NaN, 3),
    '2001': Int32Array.of(1, 2),
  })
  expect(await Years.preview!(artifact, { rows: 1 })).toMatchObject({
    columns: names.map((name) => ({ name })),
    rows: [['a', 1, null, true]],
  })
  expect((await sql`select * from ${found}`.arrow()).schema.fields.map(({ name }) => name)).toEqual(names)
  for (const same of [arrow, found, sql`select * from ${found}`])
    expect((await folder.write(Years, same as never)).ref.digest).toBe(artifact.ref.digest)
  await expect(folder.write(Years, [{ place: 'a', '2001': 1, '1999': 2 }] as never)).rejects.toThrow(
    'column "constructor", row 0: is missing',
  )
  const split = partitions(Years, 'place')
  const parts = await split.decode(await folder.write(split, years))
  expect((await (await parts.at(1)).arrow()).schema.fields.map(({ name }) => name)).toEqual(names)
})

test('a wrong declaration is refused at once', () => {
  expect(() => table({ x: 'float46' } as never)).toThrow('column "x" has the unknown type "float46"')
  expect(() => table({ '': 'int8' })).toThrow('a table has a column without a name')
  expect(() => table({})).toThrow('a table needs at least one column')
  expect(() => table({ x: 'int8', X: 'int8' })).toThrow(
    'a table has columns named "x" and "X", which are the same name in SQL',
  )
  expect(() =>
    table([
      ['x', 'int8'],
      ['x', 'int8'],
    ]),
  ).toThrow('a table has two columns named "x"')
  expect(() => table({ ['__proto__']: 'int8' })).toThrow('a table has a column named "__proto__"')
  expect(() => table({ name: 'string', '2001': 'int8' })).toThrow('column "2001" would lose its position')
})

test('rows can be read one by one, and reading can stop early', async () => {
  const Numbers = table({ i: 'int32' })
  const found = await Numbers.decode(await folder.write(Numbers, sql`select i::int as i from range(10000) t(i)`))
  expect(await found.count()).toBe(10_000)
  const seen: number[] = []
  for await (const { i } of found.rows()) {
    seen.push(i)
    if (i === 3000) break
  }
  expect(seen.length).toBe(3001)
})

test('the preview shows the first rows, their number and the declared types', async () => {
  const artifact = await folder.write(Every, [low, high, low])
  const preview = await Every.preview!(artifact, { rows: 2 })
  if (preview.type !== 'table') throw new Error(preview.type)
  expect(preview.total).toBe(3)
  expect(preview.columns.slice(0, 2)).toEqual([
    { name: 'b', type: 'bool' },
    { name: 'i8', type: 'int8' },
  ])
  expect(preview.rows).toHaveLength(2)
  expect(preview.rows[1]).toEqual([
    true,
    127,
    32767,
    2147483647,
    Number.MAX_SAFE_INTEGER,
    255,
    65535,
    4294967295,
    '9223372036854775807',
    3.4028234663852886e38,
    5e-324,
    '-Infinity',
    'é😀\0"\'',
    '9999-12-31',
    '9999-12-31T23:59:59.999Z',
    true,
    0,
    '0',
    -0,
    'NaN',
    '',
    '2000-02-29',
    '1969-12-31T23:59:59.999Z',
  ])
})

test('writing stops when the step is cancelled', async () => {
  const cancel = new AbortController()
  const endless = (async function* () {
    for (let i = 0; ; i++) {
      if (i === 5000) cancel.abort(new Error('cancelled'))
      yield { i }
    }
  })()
  const encoder = { ...folder.encoder, signal: cancel.signal }
  await expect(table({ i: 'int32' }).encode(endless, encoder)).rejects.toThrow('cancelled')
})

test('a running query stops when the step is cancelled', async () => {
  const cancel = new AbortController()
  setTimeout(() => cancel.abort(new Error('cancelled')), 50)
  const long = sql`select count(*) as n from range(1000000000) a, range(1000) b`
  const encoder = { ...folder.encoder, signal: cancel.signal }
  await expect(table({ n: 'int64' }).encode(long, encoder)).rejects.toThrow('cancelled')
})

test('the file is plain Parquet, whose columns and types are checked', async () => {
  const artifact = await folder.write(Delays, rows)
  const schema = await sql`select * from ${parquet(await artifact.path())}`.arrow()
  expect(schema.schema.fields.map(String)).toEqual(['origin: Utf8', 'delay: Float64'])
})

test('the installed DuckDB is the version that the promised bytes depend on', () => {
  // A newer one may write other bytes: check `determinism.test.ts`, then raise `version` in table.ts along with DUCKDB.
  expect(version()).toBe(DUCKDB)
})

test('a sample of a table has the exact number of rows, always the same ones in order, and is fair to periodic rows', async () => {
  const Numbers = table({ n: 'int32' })
  const cutOf =
    (whole: Parameters<NonNullable<typeof Numbers.sample>>[0], all: number) =>
    async (size: Parameters<NonNullable<typeof Numbers.sample>>[1]) => {
      const { value, kept, of } = await Numbers.sample!(whole, size)
      const { n } = await (await Numbers.decode(await folder.write(Numbers, value as never))).columnsOf(['n'])
      expect([n.length, of]).toEqual([kept, all])
      const found = [...n]
      expect(found.every((row, at) => at === 0 || row > found[at - 1]!)).toBe(true)
      return found
    }
  const few = cutOf(await folder.write(Numbers, { n: [...Array(10).keys()] }), 10)
  expect(await few({ count: 3 })).toHaveLength(3)
  expect(await few({ share: 0.5 })).toHaveLength(5)
  expect(await few({ count: 99 })).toHaveLength(10)
  expect(await few({ count: 0 })).toEqual([])
  expect(await few({ count: 4 })).toEqual(await few({ count: 4 }))

  const many = cutOf(await folder.write(Numbers, { n: [...Array(70_000).keys()] }), 70_000)
  for (const share of [0.1, 0.4, 0.9]) {
    const kept = await many({ share })
    expect(kept).toHaveLength(share * 70_000)
    for (const period of [2, 5, 7, 10, 89, 100]) {
      const expected = (share * 70_000) / period
      for (let rest = 0; rest < period; rest++) {
        const found = kept.filter((n) => n % period === rest).length
        expect(Math.abs(found - expected), `${share} of ${rest} mod ${period}`).toBeLessThan(5 * Math.sqrt(expected))
      }
    }
  }
})
