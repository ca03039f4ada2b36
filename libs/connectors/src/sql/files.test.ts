import { mkdtempSync, rmSync, utimesSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { DuckDBInstance } from '@duckdb/node-api'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { contextIn } from './context.fixture.ts'
import type { Database } from './database.ts'
import { duckdb } from './duckdb.ts'
import { fromSql, type SqlOptions } from './from-sql.ts'
import { sqlite } from './sqlite.ts'

let root: string
let test: ReturnType<typeof contextIn>
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "cairn '$db-"))
  test = contextIn(root)
})
afterEach(() => rmSync(root, { recursive: true }))

const rowsOf = (database: Database, query: string, options?: SqlOptions) =>
  Array.fromAsync(fromSql(database, query, options).open(test.context) as AsyncIterable<unknown>)
const versionOf = (database: Database, query: string) => fromSql(database, query).version!(test.context)

async function inDuckdb(...statements: string[]): Promise<void> {
  const instance = await DuckDBInstance.create(join(root, 'shop.db'))
  const connection = await instance.connect()
  for (const statement of statements) await connection.run(statement)
  connection.closeSync()
  instance.closeSync()
}
async function inSqlite(...statements: string[]): Promise<void> {
  const database = new DatabaseSync(join(root, 'shop.db'))
  for (const statement of statements) database.exec(statement)
  database.close()
}

describe.each([
  ['SQLite', sqlite('shop.db'), inSqlite, '?'],
  ['DuckDB', duckdb('shop.db'), inDuckdb, '$1'],
] as const)('a query of a %s file', (_, database, write, parameter) => {
  beforeEach(async () => {
    await write('create table orders (id bigint, name text)', `insert into orders values (1, 'a'), (2, 'b'), (3, null)`)
    utimesSync(join(root, 'shop.db'), 1, 1)
  })

  it('returns all rows, with bound values', async () => {
    expect(
      await rowsOf(database, `select * from orders where id >= ${parameter} order by id`, { values: [2] }),
    ).toEqual([
      { id: 2, name: 'b' },
      { id: 3, name: null },
    ])
    expect(await rowsOf(database, `select 9007199254740993 as large, cast(0.5 as real) as half`)).toEqual([
      { large: 9007199254740993n, half: 0.5 },
    ])
  })

  it('can be read more than once', async () => {
    const rows = await fromSql(database, 'select id from orders order by id').open(test.context)
    expect((await Array.fromAsync(rows)).length).toBe(3)
    expect((await Array.fromAsync(rows)).length).toBe(3)
  })

  it('has the version of the file, which is read once', async () => {
    const query = 'select id from orders order by id'
    const first = await versionOf(database, query)
    expect([await versionOf(database, query), test.counted.computed]).toEqual([first, 1])
    await write(`update orders set name = 'c' where id = 3`)
    expect(await versionOf(database, query)).not.toBe(first)
  })

  it('has the version of its result if that may depend on the clock', async () => {
    const later = 'select id from orders where cast(current_date as text) > name order by id'
    const first = await versionOf(database, later)
    expect(first).toMatch(/^sha256 /)
    await write(`create table other (n bigint)`)
    expect(await versionOf(database, later)).toBe(first)
  })

  it('cannot change the file, and names what is wrong', async () => {
    await expect(rowsOf(database, `insert into orders values (4, 'd')`)).rejects.toThrow(
      /cannot read from shop.db: .*read.?only/i,
    )
    await expect(rowsOf(database, 'select * from nowhere')).rejects.toThrow(/cannot read from shop.db: .*nowhere/)
    await expect(rowsOf(database, 'select id, name as id from orders')).rejects.toThrow(
      'two columns with the name "id"',
    )
    await expect(versionOf(sqlite('gone.db'), 'select 1')).rejects.toThrow('gone.db cannot be read: ENOENT')
    expect(await rowsOf(database, 'select count(*) as n from orders')).toEqual([{ n: 3 }])
  })
})

it('a change that is only in the log of a SQLite file changes its version', async () => {
  const database = new DatabaseSync(join(root, 'shop.db'))
  database.exec('pragma journal_mode = wal; create table orders (id bigint); insert into orders values (1)')
  const read = async () => [
    await versionOf(sqlite('shop.db'), 'select id from orders'),
    await rowsOf(sqlite('shop.db'), 'select id from orders'),
  ]
  const before = await read()
  database.exec('insert into orders values (2)')
  const after = await read()
  database.close()
  expect(after[0]).not.toBe(before[0])
  expect([before[1], after[1]]).toEqual([[{ id: 1 }], [{ id: 1 }, { id: 2 }]])
})

it('a DuckDB query reads nothing but its file, and each value exactly', async () => {
  await inDuckdb('create table t (n int)')
  const database = duckdb('shop.db')
  await expect(rowsOf(database, `select * from read_csv('/etc/passwd')`)).rejects.toThrow('cannot read from shop.db: ')
  expect(
    await rowsOf(
      database,
      `select 1.10::decimal(4, 2) as exact, date '2001-02-03' as day, timestamp '2001-02-03 04:05:06.789' as at,
        timestamptz '2001-02-03 04:05:06+02' as instant, [1, 2] as list, {a: 1} as struct, '\\xff'::blob as bytes`,
    ),
  ).toEqual([
    {
      exact: '1.10',
      day: '2001-02-03',
      at: new Date('2001-02-03T04:05:06.789Z'),
      instant: new Date('2001-02-03T02:05:06Z'),
      list: [1, 2],
      struct: { a: 1 },
      bytes: Buffer.from([255]),
    },
  ])
  await expect(rowsOf(database, `select timestamp '2001-02-03 04:05:06.789123' as at`)).rejects.toThrow(
    'no exact value',
  )
})

it('fromSql refuses wrong arguments by name', () => {
  expect(() => fromSql('shop.db' as never, 'select 1')).toThrow('fromSql takes a database first, not "shop.db"')
  expect(() => fromSql(sqlite('a.db'), '')).toThrow('fromSql takes a non-empty string')
  expect(() => fromSql(sqlite('a.db'), 'select 1', { watermarks: 'x' } as never)).toThrow('unknown option "watermarks"')
  expect(() => fromSql(sqlite('a.db'), 'select ?', { values: [{}] as never })).toThrow(
    'option "values" of fromSql is invalid',
  )
})
