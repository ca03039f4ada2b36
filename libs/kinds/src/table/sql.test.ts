import { writeFileSync } from 'node:fs'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { artifactFolder } from '../testing.ts'
import { csv, parquet } from './files.ts'
import { SQL } from './relation.ts'
import { column, sql } from './sql.ts'
import { table } from './table.ts'

const folder = artifactFolder()
afterAll(() => folder[Symbol.dispose]())
const file = (content: string) => {
  const path = folder.encoder.file()
  writeFileSync(path, content)
  return path
}

const Flights = table({ origin: 'string', delay: 'float64?' })
const rows = [
  { origin: 'ATL', delay: 5 },
  { origin: 'LAS', delay: null },
  { origin: 'ATL', delay: 7 },
]
const flights = await Flights.decode(await folder.write(Flights, rows))

const raw = (text: string) => ({ [SQL]: { text: () => text } })

test('a query reads tables, and queries of queries', async () => {
  const means = sql`select origin, avg(delay) as mean from ${flights} group by origin`
  const found = sql<{ origin: string; mean: number | null }>`
    select m.origin, m.mean from ${means} m join ${flights} f using (origin) order by all -- twice ATL`
  expect(await found.toArray()).toEqual([
    { origin: 'ATL', mean: 6 },
    { origin: 'ATL', mean: 6 },
    { origin: 'LAS', mean: null },
  ])
  expect(await found.count()).toBe(3)
  expect(await found.columnsOf(['mean', 'origin'])).toEqual({
    mean: Float64Array.of(6, 6, NaN),
    origin: ['ATL', 'ATL', 'LAS'],
  })
  expect((await found.arrow()).numRows).toBe(3)
  expect(await sql`with m as (${means}) select count(*) as n from m;`.toArray()).toEqual([{ n: 2 }])
})

test('a query runs each time it is read, and not before', async () => {
  const path = file('n\n1\n')
  const query = sql`select sum(n) as n from ${csv(path)}`
  expect(await query.toArray()).toEqual([{ n: 1 }])
  writeFileSync(path, 'n\n1\n2\n')
  expect(await query.toArray()).toEqual([{ n: 3 }])
})

test('every type of a query has a JavaScript value', async () => {
  const found = await sql`select
    true as b, 1::tinyint as i, 9007199254740991 as l, sum(1) as huge, 1.5 as d, 0.1::float as f, 'nan'::double as nan,
    'x' as s, date '2001-02-03' as day, timestamp '2001-02-03 04:05:06.789' as t, null as nothing,
    timestamptz '2001-02-03 04:05:06+02' as tz, time '04:05:06' as clock, [1, 2] as list, {'a': [null, 'x']} as struct,
    'e'::enum('e') as e, interval 1 day as span`.toArray()
  expect(found).toEqual([
    {
      b: true,
      i: 1,
      l: 9007199254740991,
      huge: 1,
      d: 1.5,
      f: Math.fround(0.1),
      nan: NaN,
      s: 'x',
      day: '2001-02-03',
      t: new Date('2001-02-03T04:05:06.789Z'),
      nothing: null,
      tz: new Date('2001-02-03T02:05:06Z'),
      clock: '04:05:06',
      list: [1, 2],
      struct: { a: [null, 'x'] },
      e: 'e',
      span: '1 day',
    },
  ])
})

test('a number that JavaScript cannot hold is refused, not rounded', async () => {
  const query = sql`select * from (values (1), (9007199254740993)) t(n)`
  await expect(query.toArray()).rejects.toThrow('column "n", row 1: is 9007199254740993, which int64 cannot hold')
  await expect(query.columnsOf(['n'])).rejects.toThrow('column "n", row 1')
})

describe('values', () => {
  test('are bound, never interpolated', () =>
    fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.double(),
          fc.maxSafeInteger(),
          fc.boolean(),
          fc.constantFrom("'", "' or 1=1 --", '";', '$v1', '/*', null),
        ),
        async (value) => {
          const [found] = await sql`select ${value} as value, typeof(${value}) as type`.toArray()
          expect(found!['value']).toEqual(Object.is(value, -0) ? expect.closeTo(0) : value)
        },
      ),
      { numRuns: 60 },
    ))

  test('keep their types', async () => {
    const [types] =
      await sql`select typeof(${3}) as i, typeof(${2 ** 40}) as l, typeof(${1.5}) as d, typeof(${10n}) as h,
      typeof(${'x'}) as s, typeof(${true}) as b, typeof(${new Date(0)}) as t, typeof(${[1, 2]}) as il,
      typeof(${[1, 2.5]}) as dl, typeof(${['a']}) as sl`.toArray()
    expect(types).toEqual({
      i: 'INTEGER',
      l: 'BIGINT',
      d: 'DOUBLE',
      h: 'HUGEINT',
      s: 'VARCHAR',
      b: 'BOOLEAN',
      t: 'TIMESTAMP',
      il: 'BIGINT[]',
      dl: 'DOUBLE[]',
      sl: 'VARCHAR[]',
    })
    expect(await sql`select ${new Date('2001-02-03T04:05:06.789Z')} as t`.toArray()).toEqual([
      { t: new Date('2001-02-03T04:05:06.789Z') },
    ])
  })

  test('can be lists, limits and bounds of dates', async () => {
    expect(await sql`select origin from ${flights} where origin in ${['LAS', 'JFK']}`.toArray()).toEqual([
      { origin: 'LAS' },
    ])
    expect(await sql`select origin from ${flights} where origin in ${[]}`.count()).toBe(0)
    expect(await sql`select * from ${flights} limit ${2}`.count()).toBe(2)
    expect(await sql`select date '2001-02-03' >= ${'2001-01-01'} as later`.toArray()).toEqual([{ later: true }])
  })

  test('are used in a written table', async () => {
    const late = await Flights.decode(await folder.write(Flights, sql`select * from ${flights} where delay > ${5.5}`))
    expect(await late.toArray()).toEqual([{ origin: 'ATL', delay: 7 }])
  })

  test('inside quotes are refused', async () => {
    await expect(sql`select '%${'x'}%' as x`.toArray()).rejects.toMatchObject({
      message: 'a value is interpolated inside quotes or a comment of the query',
      next: "concatenate it instead: like '%' || ${name}",
    })
  })

  test('of other types are refused', async () => {
    await expect(sql`select ${undefined as never}`.toArray()).rejects.toThrow('a query cannot contain undefined')
    await expect(sql`select ${{ a: 1 } as never}`.toArray()).rejects.toThrow(
      'a query cannot contain a value of type object',
    )
    await expect(sql`select ${[[1]] as never}`.toArray()).rejects.toThrow(
      'a query cannot contain a value of type object',
    )
  })
})

test('column names can be chosen at run time', async () => {
  const names = ['delay', 'origin']
  expect(await sql`select ${names.map(column)} from ${flights} order by ${column('delay')}`.toArray()).toEqual([
    { delay: 5, origin: 'ATL' },
    { delay: 7, origin: 'ATL' },
    { delay: null, origin: 'LAS' },
  ])
  expect(await sql`select 1 as ${column('a "b"')}`.toArray()).toEqual([{ 'a "b"': 1 }])
})

describe('files', () => {
  const path = file('origin;delay;day\nATL;5;2001-02-03\nLAS;NA;2001-02-04\n')

  test('are read as CSV, with inferred or declared types', async () => {
    const read = csv({ path }, { delimiter: ';', header: true, nulls: ['NA'] })
    expect(await sql`select * from ${read}`.toArray()).toEqual([
      { origin: 'ATL', delay: 5, day: '2001-02-03' },
      { origin: 'LAS', delay: null, day: '2001-02-04' },
    ])
    const typed = csv(path, {
      delimiter: ';',
      nulls: ['NA'],
      columns: { origin: 'string', delay: 'int8?', day: 'string' },
    })
    expect(await sql`select typeof(delay) as t, typeof(day) as d from ${typed} limit 1`.toArray()).toEqual([
      { t: 'TINYINT', d: 'VARCHAR' },
    ])
  })

  test('are read as Parquet, one or several', async () => {
    const artifact = await folder.write(Flights, rows)
    const stored = { size: 1, path: () => artifact.path(), text: async () => '', bytes: async () => new Uint8Array() }
    expect(await sql`select * from ${parquet(stored)}`.count()).toBe(3)
    expect(await sql`select * from ${parquet([await artifact.path(), stored])}`.count()).toBe(6)
  })

  test('that do not exist are named', async () => {
    await expect(sql`select * from ${parquet('/no/such.parquet')}`.toArray()).rejects.toThrow('/no/such.parquet')
  })
})

describe('refused is', () => {
  const refused: [string, string][] = [
    ['create table x (a int)', 'the query cannot be parsed: syntax error at or near "create"'],
    ['insert into x values (1)', 'the query cannot be parsed: syntax error at or near "insert"'],
    ["copy (select 1) to 'x.csv'", 'the query cannot be parsed: syntax error at or near "copy"'],
    ["attach 'x.db'", 'the query cannot be parsed: syntax error at or near "attach"'],
    ['set threads = 4', 'the query cannot be parsed: syntax error at or near "set"'],
    ['install httpfs', 'the query cannot be parsed: syntax error at or near "install"'],
    ['describe select 1', 'only a query can be run'],
    ['select 1; select 2', 'the query cannot be parsed: syntax error at or near ";"'],
    ['select 1); (select 2', 'the text contains several statements'],
    ['select 1); drop table staged; (select 2', 'only a query can be run'],
    ['selec 1', 'the query cannot be parsed: syntax error at or near "selec"'],
    ["select * from '/etc/passwd'", 'the query reads "/etc/passwd", which is not an interpolated table'],
    ["select * from read_csv('/etc/passwd')", 'the query calls the table function read_csv(…)'],
    ["select * from read_text('/etc/passwd')", 'the query calls the table function read_text(…)'],
    ["select * from glob('/*')", 'the query calls the table function glob(…)'],
    ["select (select content from read_blob('/etc/passwd'))", 'the query calls the table function read_blob(…)'],
    ["select * from query('select 1')", 'the query calls the table function query(…)'],
    ['select * from duckdb_settings()', 'the query calls the table function duckdb_settings(…)'],
    ['select * from flights', 'the query reads "flights", which is not an interpolated table'],
    ['select 1 as a, 2 as A', 'the query returns columns named "a" and "A", which are the same name in SQL'],
    ['select 1 as "__proto__"', 'the query returns a column named "__proto__"'],
    [
      "select system.main.timezone('Europe/Paris', '12:00:00+00'::timetz)::varchar as x",
      'the query calls system.….timezone()',
    ],
    ['select random() as x', 'the query calls random(), which returns a different value each time'],
    ['select 1 + (select max(uuid()) from range(3)) as x', 'the query calls uuid()'],
    ['select Now() as x', 'the query calls now()'],
    ["select age(date '2001-01-01') as x", 'the query calls age() with one argument'],
    ["select ago('1 day') as x", 'the query calls ago()'],
    ['select current_date as x', 'the query calls current_date'],
    ['select list_transform([1], lambda x: x + random()) as x', 'the query calls random()'],
    ['select range from range(9) using sample 3', 'the query takes a sample without a seed'],
    ['select * from (select 1) tablesample 10%', 'the query takes a sample without a seed'],
    ["select current_setting('temp_directory') as x", 'the query calls current_setting()'],
    ["select ('threads').current_setting() as x", 'the query calls current_setting()'],
    ["select main.current_setting('threads') as x", 'the query calls current_setting()'],
    ["select getvariable('x') as x", 'the query calls getvariable()'],
    ['select version() as x', 'the query calls version()'],
    ['select current_user as x, current_schema() as y', 'the query calls current_schema()'],
    ['select current_localtimestamp() as x', 'the query calls current_localtimestamp()'],
    ['select transaction_timestamp() as x', 'the query calls transaction_timestamp()'],
    ['select pg_postmaster_start_time() as x', 'the query calls pg_postmaster_start_time()'],
    ["select get_block_size('memory') as x", 'the query calls get_block_size()'],
    ["select list_aggr([1, 2], 'reservoir_quantile', 0.5) as x", 'the query calls reservoir_quantile()'],
    ["select list_aggregate([1, 2], 'su' || 'm') as x", 'the query computes the name of a function'],
    ['select * from information_schema.tables', 'the query reads "information_schema.tables"'],
    [
      'with tables as (select 1) select * from information_schema.tables',
      'the query reads "information_schema.tables"',
    ],
    ['select * from duckdb_settings', 'the query reads "duckdb_settings"'],
    ['select * from duckdb_tables, (with duckdb_tables as (select 1) select 1)', 'the query reads "duckdb_tables"'],
    ['with "/etc/x.csv" as (select * from "/etc/x.csv") select 1', 'the query reads "/etc/x.csv"'],
    ['with a as (from b), b as (select 1) from a', 'the query reads "b"'],
    ["select * from sniff_csv('/etc/passwd')", 'the query calls the table function sniff_csv(…)'],
    ["select * from parquet_metadata('x')", 'the query calls the table function parquet_metadata(…)'],
    ["select * from query_table('duckdb_settings')", 'the query calls the table function query_table(…)'],
    ["select * from which_secret('x', 's3')", 'the query calls the table function which_secret(…)'],
    ['pragma version', 'the query cannot be parsed'],
    ['select nothing from range(3)', 'Binder Error: Referenced column "nothing" not found'],
    ['select 1 as a, 2 as a', 'the query returns two columns named "a"'],
    ["select 'x'::int as a", 'Conversion Error'],
  ]
  test.each(refused)('%s', async (text, message) => {
    const strings = Object.assign([text], { raw: [text] })
    const query = sql(strings as unknown as TemplateStringsArray)
    await expect(query.toArray()).rejects.toThrow(message)
    await expect(query.toArray()).rejects.toMatchObject({ name: 'CairnError' })
    await expect(folder.write(table({ a: 'int8' }), query)).rejects.toThrow(message)
  })

  test('not a query that only looks like one of these', async () => {
    const names = sql`with "Read_CSV" as (select 'now()' as s) select s, 'random' as random from read_csv`
    expect(await names.toArray()).toEqual([{ s: 'now()', random: 'random' }])
    expect(await sql`select * from range(9) tablesample reservoir(3) repeatable (1)`.count()).toBe(3)
    expect(await sql`with recursive r(n) as (select 1 union all select n + 1 from r where n < 5) from r`.count()).toBe(
      5,
    )
    expect(await sql`select unnest([1, 2]) as n`.count()).toBe(2)
    const pure = sql`select pi() > 3 as pi, list_aggr([1, 2], 'sum') as s, hash(1) = hash(1) as h, [3, 1].list_sort() as l`
    expect(await pure.toArray()).toEqual([{ pi: true, s: 3, h: true, l: [1, 3] }])
    expect(
      await sql`with a as (select 1 as n), b as (from a) select * from b, (with c as (from a) from c) as d(m)`.count(),
    ).toBe(1)
  })
})

test('a query on several threads takes no sample, and no aggregate that depends on the order of rows', async () => {
  for (const text of ['list(delay)', 'first(delay)', 'approx_quantile(delay, 0.5)', 'stddev(delay)'])
    await expect(sql.parallel`select ${raw(text)} as x from ${flights}`.toArray()).rejects.toThrow('several threads')
  await expect(sql.parallel`from ${flights} using sample 1 (reservoir, 1)`.toArray()).rejects.toThrow('takes a sample')
  expect(
    await sql.parallel`select count(*) as n, max(delay) as most, list(origin order by origin) as all from ${flights}`.toArray(),
  ).toEqual([{ n: 3, most: 7, all: ['ATL', 'ATL', 'LAS'] }])
})

test.each([
  ["timetz '12:00:00+00' at time zone 'Europe/Paris'", 'depends on the current date: use a timestamp with a date'],
  ["'now'::timestamp", 'invalid timestamp field format: "now"'],
  ["timestamptz 'today'", 'invalid timestamp field format: "today"'],
  ["'yesterday'::date", 'invalid date field format: "yesterday"'],
  ["cast(t as timestamp) from (values ('now')) v(t)", 'invalid timestamp field format: "now"'],
])('no text is read as the time of the query: %s', async (text, message) => {
  await expect(sql`select ${raw(text)}`.toArray()).rejects.toThrow(message)
})

test('the time zone of the machine changes no value', async () => {
  const query = sql`select timestamptz '2001-07-03 00:00:00' as t, date_trunc('day', timestamptz '2001-07-03 00:00:00') as d,
    (timestamp '2001-07-03 12:00:00' at time zone 'America/New_York')::varchar as ny, current_setting_free as s
    from (select 'x' as current_setting_free)`
  expect(await query.toArray()).toEqual([
    { t: new Date('2001-07-03T00:00:00Z'), d: new Date('2001-07-03T00:00:00Z'), ny: '2001-07-03 16:00:00+00', s: 'x' },
  ])
})

describe('no number is silently rounded', () => {
  const exact: [string, unknown][] = [
    ['[9007199254740991]', [9007199254740991]],
    ['{a: 0.1::float, b: -0.0::double}', { a: 0.10000000149011612, b: -0 }],
    ['123456789012345.6::decimal(38, 10)', 123456789012345.6],
    ['(2::hugeint ** 60)::hugeint::varchar', String(2n ** 60n)],
    ['0.1::decimal(18, 3)', 0.1],
  ]
  test.each(exact)('%s is returned unchanged', async (text, value) => {
    expect(await sql`select ${raw(text)} as x`.toArray()).toEqual([{ x: value }])
  })
  const refused: [string, string][] = [
    ['12345678901234567.89::decimal(19, 2)', 'column "x", row 0: is 12345678901234567.89, which float64 cannot hold'],
    ['9223372036854775808::uhugeint', 'column "x", row 0: is 9223372036854775808, which int64 cannot hold'],
    ['[1, 9007199254740993]', 'column "x", row 0: 9007199254740993 cannot be stored exactly'],
    [
      "{'a': 0.12345678901234567890123::decimal(38, 23)}",
      'column "x", row 0: 0.12345678901234567890123 cannot be stored',
    ],
    ["map {'a': 'nan'::double}", 'column "x", row 0: contains NaN or Infinity'],
    ["{'a': ['x'::blob]}", 'but rows cannot contain bytes'],
  ]
  test.each(refused)('%s is refused', async (text, message) => {
    await expect(sql`select ${raw(text)} as x`.toArray()).rejects.toThrow(message)
    await expect(sql`select ${raw(text)} as x`.columnsOf(['x'])).rejects.toThrow(message)
  })
  const written: [string, 'float64' | 'float32' | 'int64' | 'bigint', string][] = [
    ['9007199254740993', 'float64', 'is 9007199254740993, which float64 cannot hold'],
    ['16777217', 'float32', 'is 16777217, which float32 cannot hold'],
    ['1234567.89::decimal(9, 2)', 'float32', 'is 1234567.89, which float32 cannot hold'],
    ['18446744073709551615::ubigint', 'bigint', 'is 18446744073709551615, which bigint cannot hold'],
    ['1.5', 'int64', 'is declared int64, but it is DECIMAL(2,1)'],
  ]
  test.each(written)('%s in a column %s is refused', async (text, type, message) => {
    await expect(folder.write(table({ x: type }), sql`select ${raw(text)} as x`)).rejects.toThrow(message)
  })
})

describe('columns of files', () => {
  test('come only from the file, not from its path', async () => {
    const path = file('a\n1\n')
    await expect(sql`select filename from ${csv(path)}`.toArray()).rejects.toThrow('"filename" not found')
    const stored = await (await folder.write(Flights, rows)).path()
    await expect(sql`select filename from ${parquet(stored)}`.toArray()).rejects.toThrow('"filename" not found')
  })

  test('that differ only in case are refused', async () => {
    for (const header of ['a,A,b', 'a,b,a'])
      await expect(sql`select b from ${csv(file(`${header}\n1,2,3\n`))}`.toArray()).rejects.toThrow(
        'which are the same name in SQL',
      )
    expect(await sql`select * from ${csv(file('a,a_1\n1,2\n'))}`.toArray()).toEqual([{ a: 1, a_1: 2 }])
  })

  test('are declared in the order of the file', async () => {
    const columns = { a: 'int32', b: 'int32' } as const
    expect(await sql`select * from ${csv(file('a,b\n1,2\n'), { columns })}`.toArray()).toEqual([{ a: 1, b: 2 }])
    expect(await sql`select * from ${csv(file('1,2\n'), { columns })}`.toArray()).toEqual([{ a: 1, b: 2 }])
    for (const text of ['b,a\n1,2\n', 'a,c\n1,2\n', 'a,b,c\n1,2,3\n'])
      await expect(sql`select * from ${csv(file(text), { columns })}`.toArray()).rejects.toThrow(
        'the declared columns are a, b',
      )
    expect(() => csv('x', { columns: { name: 'string', '2001': 'int32' } })).toThrow('would lose its position')
    const listed = csv(file('x,7\n'), {
      header: false,
      columns: [
        ['name', 'string'],
        ['2001', 'int32'],
      ],
    })
    expect(await sql`select "2001" as y, name from ${listed}`.toArray()).toEqual([{ y: 7, name: 'x' }])
  })

  test('no first line is skipped unless declared', async () => {
    const ragged = csv(file('a,b\n1,2\n3,4,5\n'))
    await expect(sql`select a from ${ragged}`.toArray()).rejects.toThrow(':3 has 3 cells, but there are 2 columns')
    const titled = file('made by x\na,b\n1,2\n')
    expect(await sql`select * from ${csv(titled, { skip: 1 })}`.toArray()).toEqual([{ a: 1, b: 2 }])
  })
})

test('a query leaves nothing behind', async () => {
  await expect(sql`select * from staged`.toArray()).rejects.toThrow('the query reads "staged"')
})
