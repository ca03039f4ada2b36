import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { tableFromIPC } from 'apache-arrow'
import { afterAll, describe, expect, test } from 'vitest'
import { column, parquet, sql, table, type ColumnType } from '../../src/index.ts'
import { artifactFolder } from '../../src/testing.ts'

// What pyarrow wrote and holds: made by make.py.
const at = (name: string) => join(import.meta.dirname, name)
interface Held {
  readonly type: string
  readonly values: readonly unknown[]
}
const TYPES = JSON.parse(readFileSync(at('types.json'), 'utf8')) as Record<string, Held>
const arrow = tableFromIPC(readFileSync(at('types.arrow')))
const folder = artifactFolder()
afterAll(() => folder[Symbol.dispose]())

/** A value as make.py writes it. */
function text(value: unknown, type: string): unknown {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value
  if (value instanceof Date)
    return type === 'timestamp[ns]' ? `${value.getTime()}000000` : value.toISOString().replace('Z', '000')
  if (Array.isArray(value)) return value.map((item) => text(item, ''))
  if (typeof value === 'object')
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, text(item, '')]))
  return Object.is(value, -0) ? '-0' : String(value as number)
}

/** Both as the shortest text of a number, where they are numbers. */
function expected({ type, values }: Held): unknown[] {
  const number = /^(float|halffloat|double|decimal)/.test(type)
  return values.map((value) => {
    if (type.startsWith('map') && Array.isArray(value)) return Object.fromEntries(value as [string, unknown][])
    if (type === 'time32[ms]' && typeof value === 'string') return value.replace(/000$/, '')
    return number && typeof value === 'string'
      ? text(Number(value.replace('inf', 'Infinity').replace('nan', 'NaN')), type)
      : value
  })
}

const REFUSED_IN_A_QUERY: Readonly<Record<string, string>> = {
  int64_large: 'column "x", row 0: is -9223372036854775808, which int64 cannot hold',
  uint64_large: 'column "x", row 1: is 18446744073709551615, which int64 cannot hold',
  decimal_large: 'column "x", row 1: is 12345678901234567.89, which float64 cannot hold',
  binary: 'column "x" of the query is BLOB',
  fixed_binary: 'column "x" of the query is BLOB',
  timestamp_us_fraction: 'column "x", row 1: is 2001-07-03 12:00:00.000001, which timestamp cannot hold',
  timestamp_ns_fraction: 'column "x", row 1: is 2001-07-03 12:00:00.123000001, which timestamp cannot hold',
  list_large: 'column "x", row 1: 9223372036854775807 cannot be stored exactly',
  list_special: 'column "x", row 1: contains NaN or Infinity',
}

describe('a Parquet column is queried as pyarrow wrote it, or is refused by name', () => {
  const names = Object.keys(TYPES).filter((name) => name !== 'duration' && name !== 'decimal256')
  test.each(names)('%s', async (name) => {
    const query = sql`select ${column(name)} as x from ${parquet(at('types.parquet'))}`
    const refused = REFUSED_IN_A_QUERY[name]
    if (refused !== undefined) {
      await expect(query.toArray()).rejects.toThrow(refused)
      return
    }
    const found = (await query.toArray()).map(({ x }) => text(x, TYPES[name]!.type))
    expect(found).toEqual(expected(TYPES[name]!))
  })

  test('decimal256', async () => {
    await expect(sql`select 1 as x from ${parquet(at('decimal256.parquet'))}`.toArray()).rejects.toMatchObject({
      message: 'column "decimal256" of the file is DECIMAL(60,20), but a query supports at most 38 digits',
      next: 'store the column as text, or with at most 38 digits, when you write the file',
    })
  })
})

/** The type by which a column is declared. */
const DECLARED: Readonly<Record<string, ColumnType>> = {
  int64_large: 'bigint?',
  uint64: 'int64?',
  float16: 'float32?',
  float64_smallest: 'float64?',
  float64_special: 'float64|nan?',
  large_string: 'string?',
  category: 'string?',
  date32: 'date?',
  date64: 'date?',
  timestamp_s: 'timestamp?',
  timestamp_ms: 'timestamp?',
  timestamp_us: 'timestamp?',
  timestamp_us_fraction: 'timestamp?',
  timestamp_ns: 'timestamp?',
  timestamp_ns_fraction: 'timestamp?',
  timestamp_zone: 'timestamp?',
  nothing: 'string?',
  uint64_large: 'bigint?',
  ...Object.fromEntries(
    ['bool', 'int8', 'int16', 'int32', 'int64', 'uint8', 'uint16', 'uint32', 'float32', 'float64', 'string'].map(
      (name) => [name, `${name}?` as ColumnType],
    ),
  ),
}
const REFUSED_FROM_ARROW: Readonly<Record<string, string>> = {
  uint64_large: 'column "uint64_large", row 1: is 18446744073709551615n, not a 64-bit bigint',
  timestamp_us_fraction: 'row 1: is 994161600000001 / 1000000 s since 1970-01-01, which timestamp cannot hold',
  timestamp_ns_fraction: 'row 1: is 994161600123000001 / 1000000000 s since 1970-01-01, which timestamp cannot hold',
}

describe('an Arrow column is stored as pyarrow holds it, or is refused by name', () => {
  test.each(Object.keys(TYPES))('%s', async (name) => {
    const declared = DECLARED[name]
    const Column = table({ [name]: declared ?? 'string?' })
    const stored = folder.write(Column, arrow.select([name]) as never)
    const refused = declared === undefined ? `column "${name}" is ` : REFUSED_FROM_ARROW[name]
    if (refused !== undefined) {
      await expect(stored).rejects.toMatchObject({ code: 'BAD_OUTPUT', message: expect.stringContaining(refused) })
      return
    }
    const held = await Column.decode(await stored)
    const rows = (await held.toArray()).map((row) => text(row[name], TYPES[name]!.type))
    expect(rows).toEqual(expected(TYPES[name]!))
    // Out as Arrow and in again, and out of Parquet through a query: the same bytes.
    const { digest } = (await stored).ref
    expect((await folder.write(Column, (await held.arrow()) as never)).ref.digest).toBe(digest)
    expect((await folder.write(Column, sql`select * from ${held}`)).ref.digest).toBe(digest)
  })
})
