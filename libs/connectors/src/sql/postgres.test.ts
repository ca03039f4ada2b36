import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { contextIn } from './context.fixture.ts'
import type { SqlOptions } from './from-sql.ts'
import { fromSql } from './from-sql.ts'
import { postgres } from './postgres.ts'
import { hasPostgres, startPostgres, type Postgres } from './postgres.fixture.ts'

const rowsOf = (query: string, url: string, options?: SqlOptions, signal = AbortSignal.timeout(60_000)) =>
  Array.fromAsync(
    fromSql(postgres('DB'), query, options).open(
      contextIn('/', { secrets: { DB: url }, signal }).context,
    ) as AsyncIterable<unknown>,
  )

describe.skipIf(!hasPostgres)('a query of a PostgreSQL database', () => {
  let server: Postgres
  beforeAll(async () => {
    server = await startPostgres()
    await server.run(
      'create table orders (id bigint primary key, total numeric(12, 2), changed_at timestamptz not null)',
      `insert into orders select n, n * 1.5, timestamptz '2026-01-01 00:00:00Z' + n * interval '1 second' from generate_series(1, 2500) n`,
    )
  }, 120_000)
  afterAll(() => server?.close())

  it('gives each value exactly', async () => {
    const [row] = await rowsOf(
      `select 1::smallint as small, 9007199254740991 as safe, 9007199254740993 as large, 0.1::float8 as float,
        'NaN'::float8 as nan, 12345678901234567890.123456789::numeric as exact, true as yes, null::int as nothing,
        date '2001-02-03' as day, timestamp '2001-02-03 04:05:06.789' as local,
        timestamptz '2001-02-03 04:05:06+02' as instant, '{"a":[1]}'::jsonb as json, '\\x00ff'::bytea as bytes,
        array[1,2] as list, interval '1 day' as span, 'é' as text`,
      server.url,
    )
    expect(row).toEqual({
      small: 1,
      safe: 9007199254740991,
      large: 9007199254740993n,
      float: 0.1,
      nan: NaN,
      exact: '12345678901234567890.123456789',
      yes: true,
      nothing: null,
      day: '2001-02-03',
      local: new Date('2001-02-03T04:05:06.789Z'),
      instant: new Date('2001-02-03T02:05:06Z'),
      json: { a: [1] },
      bytes: Buffer.from([0, 255]),
      list: '{1,2}',
      span: '1 day',
      text: 'é',
    })
  })

  it.each([`timestamp '2001-02-03 04:05:06.789123'`, `timestamptz 'infinity'`, `timestamp '0044-03-15 BC'`])(
    'refuses a time that would lose something: %s',
    async (value) => {
      await expect(rowsOf(`select ${value} as at`, server.url)).rejects.toMatchObject({
        code: 'BAD_OUTPUT',
        message: expect.stringMatching(
          /^column "at" has the time .*, which has no exact value in milliseconds$/,
        ) as string,
      })
    },
  )

  it('returns all rows in order, with bound values', async () => {
    const rows = await rowsOf('select id from orders where id > $1 order by id desc', server.url, { values: [100n] })
    expect(rows.length).toBe(2400)
    expect([rows[0], rows.at(-1)]).toEqual([{ id: 2500 }, { id: 101 }])
  })

  it('has a version that changes with the result, or with the watermark, and then reads no data', async () => {
    const version = (query: string, options?: SqlOptions) =>
      fromSql(postgres('DB'), query, options).version!(contextIn('/', { secrets: { DB: server.url } }).context)
    const all = 'select id, total from orders order by id'
    const watermark = 'select max(changed_at) as at, count(*) as n from orders'
    const marked = () => version('select pg_sleep(1e9) from orders', { watermark })
    const before = [await version(all), await marked()]
    expect([await version(all), await marked()]).toEqual(before)
    await server.run('update orders set total = total + 1, changed_at = now() where id = 7')
    const after = [await version(all), await marked()]
    expect([after[0] === before[0], after[1] === before[1]]).toEqual([false, false])
    await server.run('delete from orders where id = 8')
    expect([await version(all), await marked()]).not.toEqual(after)
    await expect(version(all, { watermark: 'select id from orders' })).rejects.toThrow('returns several rows, not one')
    await expect(version(all, { watermark: 'select id from orders where false' })).rejects.toThrow('returns no row')
  })

  it('cannot change anything', async () => {
    await expect(rowsOf('delete from orders returning id', server.url)).rejects.toThrow(
      'cannot read from the PostgreSQL database of DB: cannot execute DELETE in a read-only transaction',
    )
    expect(await rowsOf('select count(*) > 2000 as all from orders', server.url)).toEqual([{ all: true }])
  })

  it('ends at once when it is no longer wanted', async () => {
    const wanted = new AbortController()
    const reading = rowsOf('select pg_sleep(1e6)', server.url, {}, wanted.signal)
    const active = `select count(*)::int as n from pg_stat_activity where query like 'select pg_sleep(1e6)%' and state = 'active'`
    const running = async () => ((await rowsOf(active, server.url)) as [{ n: number }])[0].n
    await expect.poll(running, { timeout: 30_000 }).toBe(1)
    wanted.abort(new Error('not wanted'))
    await expect(reading).rejects.toThrow('not wanted')
  })

  it.each([
    ['a wrong password', (url: string) => url.replace('s3cret', 's3cret-wrong'), 'password authentication failed'],
    ['no server', () => 'postgres://admin:s3cret@127.0.0.1:1/x', 'connect ECONNREFUSED 127.0.0.1:1'],
  ])('does not show the password when there is %s', async (_, change, message) => {
    const failed = await rowsOf('select 1', change(server.url)).catch((error: unknown) => error as Error)
    expect(String(failed)).toContain(message)
    expect(String(failed)).not.toContain('s3cret')
  })

  it('names what is wrong with a query', async () => {
    await expect(rowsOf('select * from nowhere', server.url)).rejects.toThrow('relation "nowhere" does not exist')
    await expect(rowsOf('select 1 as a, 2 as a', server.url)).rejects.toThrow('two columns with the name "a"')
  })
})

it('a PostgreSQL database is named by a secret that the source declares', async () => {
  expect(() => postgres('postgres://ann:s3cret@host/shop')).toThrow('the name of a secret, not a connection string')
  const undeclared = fromSql(postgres('DB'), 'select 1').version!(contextIn('/').context)
  await expect(undeclared).rejects.toMatchObject({ next: "add secrets: ['DB'] to the source" })
})
