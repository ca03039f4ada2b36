import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { csv, parquet, sql, table, type Columns, type CsvOptions } from '../index.ts'
import { artifactFolder } from '../testing.ts'

const folder = mkdtempSync(join(tmpdir(), 'cairn-files-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let count = 0
function file(text: string): string {
  const path = join(folder, `$& '${count++}.csv`)
  writeFileSync(path, text)
  return path
}

/** More rows than those by which DuckDB finds out the types. */
function long(cell: string, last: string): string {
  return file(`k,v\n${`1,${cell}\n`.repeat(25_000)}2,${last}\n`)
}

const last = (path: string, options?: CsvOptions) =>
  sql`select v, typeof(v) as type from ${csv(path, options)} where k = 2`.toArray()
const only = async (cell: string, type: Columns[string]) =>
  (await sql`select v::varchar as v from ${csv(file(`v\n${cell}\n`), { columns: { v: type } })}`.toArray())[0]!.v

describe('a cell after the first rows, which decide the inferred types,', () => {
  test.each([
    ['1', '1.5', '64-bit integer'],
    ['1', '007', '64-bit integer'],
    ['1', '0x10', '64-bit integer'],
    ['1', 'true', '64-bit integer'],
    ['1', '12345678901234567890', '64-bit integer'],
    ['1.5', '12345678901234567', 'number that a float represents exactly'],
    ['1.5', '-00.5', 'number that a float represents exactly'],
    ['1.5', '1e400', 'number that a float represents exactly'],
    ['2001-02-03', '2001-02-04 10:00:00', 'date such as 2001-02-03'],
    ['2001-02-03', 'epoch', 'date such as 2001-02-03'],
    ['2001-02-03 10:00:00', '2001-02-03 10:00:00.1234567', 'timestamp such as 2001-02-03 04:05:06'],
    ['2001-02-03 10:00:00', 'infinity', 'timestamp such as 2001-02-03 04:05:06'],
    ['12:30:00', '12:30:00.1234567', 'time such as 04:05:06'],
    ['true', 'x', 'boolean (true or false)'],
  ])('where they were as %s, is not read as another value: %s', async (first, cell, expected) => {
    await expect(last(long(first, cell))).rejects.toMatchObject({
      message: `column "v" of the CSV file has the cell "${cell}", which is not a ${expected}`,
      next: 'declare another type, such as string: csv(file, { columns: { … } })',
    })
  })

  test.each([
    ['1', '1e+05', 100_000, 'BIGINT'],
    ['1', ' 5.0 ', 5, 'BIGINT'],
    ['1', '-0', 0, 'BIGINT'],
    ['1.5', '9007199254740992', 9007199254740992, 'DOUBLE'],
    ['1.5', '-1e-3', -0.001, 'DOUBLE'],
    ['1.5', 'nan', NaN, 'DOUBLE'],
    ['1.5', '', null, 'DOUBLE'],
    ['x', '"a, ""b"""', 'a, "b"', 'VARCHAR'],
    ['x', '"plain"', 'plain', 'VARCHAR'],
    ['2001-02-03 10:00:00', '2001-02-03T10:00:00+02:00', new Date('2001-02-03T08:00:00Z'), 'TIMESTAMP'],
    ['2001-02-03', '2001/2/4', '2001-02-04', 'DATE'],
  ])('where they were as %s, is what its text says: %s', async (first, cell, v, type) => {
    expect(await last(long(first, cell))).toEqual([{ v, type }])
  })
})

describe('inferred types', () => {
  const found = async (...cells: string[]) =>
    (
      await sql`select typeof(v) as type from ${csv(file(`k,v\n${cells.map((cell) => `1,${cell}\n`).join('')}`))}`.toArray()
    )[0]!.type as string

  test('leave dates with an ambiguous day and month as text', async () => {
    expect(await found('01/02/2003', '03/04/2003')).toBe('VARCHAR')
    expect(await found('01-02-03', '03-04-05')).toBe('VARCHAR')
    expect(await found('01/02/2003 10:00:00', '03/04/2003 10:00:00')).toBe('VARCHAR')
    expect(await found('2003-02-01', '2003-04-03')).toBe('DATE')
    expect(await found('2003/02/01', '2003/04/03')).toBe('DATE')
  })

  test('do not round an id to a float', async () => {
    const ids = csv(file('id\n12345678901234567890\n12345678901234567891\n'))
    await expect(sql`select count(distinct id) as n from ${ids}`.toArray()).rejects.toThrow(
      'column "id" of the CSV file has the cell "12345678901234567890"',
    )
    const text = csv(file('id\n12345678901234567890\n12345678901234567891\n'), { columns: { id: 'string' } })
    expect(await sql`select count(distinct id) as n from ${text}`.toArray()).toEqual([{ n: 2 }])
  })
})

describe('a declared column', () => {
  test.each([
    ['int64', '1.5'],
    ['int32', '2147483648'],
    ['uint8', '-1'],
    ['int64', '0.99999999999999999'],
    ['float64', '1e400'],
    ['date', '01/02/2003'],
    ['date', '2003-01-02 10:00:00'],
    ['timestamp', '2003-01-02 10:00:00.1234'],
    ['timestamp', '01/02/2003 10:00:00'],
  ] as const)('of type %s is not given another value than %s', async (type, cell) => {
    await expect(only(cell, type)).rejects.toThrow(`the cell "${cell}", which is not a `)
  })

  test.each([
    ['int64', '007', '7'],
    ['int64', '+5', '5'],
    ['int32', '1e+05', '100000'],
    ['bigint', '9007199254740993', '9007199254740993'],
    ['float64', '12345678901234567890', '1.2345678901234567e+19'],
    ['float64|nan', '-inf', '-inf'],
    ['bool', 'yes', 'true'],
    ['date', '2003-1-2', '2003-01-02'],
    ['timestamp', '2003-01-02T10:00:00.123Z', '2003-01-02 10:00:00.123'],
    ['timestamp', '2003-01-02T10:00:00-05:00', '2003-01-02 15:00:00'],
    ['string', '007', '007'],
  ] as const)('of type %s has the value of the cell: %s', async (type, cell, value) => {
    expect(await only(cell, type)).toBe(value)
  })
})

describe('the first line', () => {
  const columns = { name: 'string', n: 'int32' } as const

  test('is the header, whatever it looks like, unless declared otherwise', async () => {
    expect(await sql`select * from ${csv(file('2001,x\n1,2\n'))}`.toArray()).toEqual([{ '2001': 1, x: 2 }])
    expect(await sql`select * from ${csv(file('a,b\nc,d\n'))}`.toArray()).toEqual([{ a: 'c', b: 'd' }])
    expect(await sql`select * from ${csv(file('1,2\n'), { header: false })}`.toArray()).toEqual([
      { column0: 1, column1: 2 },
    ])
  })

  test('with declared columns is a row if it can be one', async () => {
    expect(await sql`select * from ${csv(file('x,1\n'), { columns })}`.count()).toBe(1)
    expect(await sql`select * from ${csv(file('who,how many\nx,1\n'), { columns })}`.count()).toBe(1)
    const text = { a: 'string', b: 'string' } as const
    await expect(sql`select * from ${csv(file('x,y\n'), { columns: text })}`.count()).rejects.toMatchObject({
      message: expect.stringContaining('may be a header or a row: x, y'),
      next: expect.stringContaining('header: true'),
    })
    expect(await sql`select * from ${csv(file('x,y\n'), { columns: text, header: false })}`.count()).toBe(1)
  })
})

test('cells are quoted as declared', async () => {
  const single = file("a,b\n'x, ''y''',1\n")
  expect(await sql`select * from ${csv(single, { quote: "'" })}`.toArray()).toEqual([{ a: "x, 'y'", b: 1 }])
})

describe('several files', () => {
  test('may each have their own header and delimiter', async () => {
    const both = [file('a,b\n1,2\n'), file('b;a\n20;10\n')]
    expect(await sql`select a, b from ${csv(both)} order by a`.toArray()).toEqual([
      { a: 1, b: 2 },
      { a: 10, b: 20 },
    ])
    const columns = { a: 'int32', b: 'int32' } as const
    const titled = [file('a,b\n1,2\n'), file('3,4\n5,6\n')]
    expect(await sql`select sum(a) as a from ${csv(titled, { columns })}`.toArray()).toEqual([{ a: 9 }])
  })

  test('get the type that holds the cells of all', async () => {
    const mixed = csv([file('a\n1\n'), file('a\n1.5\n')])
    expect(await sql`select a, typeof(a) as t from ${mixed}`.toArray()).toEqual([
      { a: 1, t: 'DOUBLE' },
      { a: 1.5, t: 'DOUBLE' },
    ])
  })

  test('with other columns are refused', async () => {
    await expect(sql`select * from ${csv([file('a,b\n1,2\n'), file('a,c\n1,2\n')])}`.toArray()).rejects.toThrow(
      'the files have different columns: a, c in',
    )
  })

  test('of Parquet need the same columns and types', async () => {
    using tables = artifactFolder()
    const write = async (columns: Columns, text: string) => {
      const artifact = await tables.write(table(columns), sql`select * from ${csv(file(text))}`)
      return artifact.path()
    }
    const whole = await write({ a: 'int32' }, 'a\n1\n')
    for (const [columns, text, difference] of [
      [{ a: 'float64' }, 'a\n1.7\n', '"a" is DOUBLE'],
      [{ a: 'int32', b: 'int32' }, 'a,b\n1,2\n', '"b" is INTEGER'],
    ] as const)
      await expect(sql`select * from ${parquet([whole, await write(columns, text)])}`.toArray()).rejects.toThrow(
        `the files have different column types: ${difference}`,
      )
    expect(await sql`select * from ${parquet([whole, whole])}`.count()).toBe(2)
  })
})
