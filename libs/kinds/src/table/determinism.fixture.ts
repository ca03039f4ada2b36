// Run by determinism.test.ts under other settings each time: prints the digests of the same tables.
import { configureTables } from './duckdb.ts'
import { sql } from './sql.ts'
import { table } from './table.ts'
import { artifactFolder } from '../testing.ts'

const [, , threads, memory] = process.argv
configureTables({ threads: Number(threads), memory: memory as '1GB' })
using folder = artifactFolder()

const Rows = table({ i: 'int32', name: 'string?', x: 'float64?', time: 'timestamp' })
const time = (i: number) => new Date(1e12 + i * 1000)
const name = (i: number) => (i % 11 === 0 ? null : `name ${(i * 7919) % 5003}`)
const x = (i: number) => (i % 7 === 0 ? null : i / 3)
const count = 250_000 // three row groups
const all = Array.from({ length: count }, (_, i) => i)

const numbers = sql`
  select i::int as i,
    case when i % 11 <> 0 then 'name ' || ((i * 7919) % 5003) end as name,
    case when i % 7 <> 0 then i / 3.0::double end as x,
    epoch_ms(1000000000000 + i * 1000) as time
  from range(${count}) t(i)`
const parts = sql`
  select * from ${numbers} where i < 100000
  union all select * from ${numbers} where i between 100000 and 100004
  union all select * from ${numbers} where i > 100004`
const sparse = sql`select i * 3 as i, name, x, time from ${numbers} where i % 3 = 0 and i < ${count}`

const written = async (value: unknown) => (await folder.write(Rows, value as never)).ref.digest
const stored = await Rows.decode(await folder.write(Rows, numbers))

const Means = table({ name: 'string', mean: 'float64', rows: 'int64' })
const means = sql`select name, avg(x * 1.1) as mean, count(*) as rows from ${stored} where name is not null group by name order by name`
const counts = (tag: typeof sql) => tag`
  select coalesce(name, '') as name, 0::double as mean, count(*) as rows from ${stored} group by all order by all`

console.log(
  JSON.stringify({
    same: {
      rows: await written(all.map((i) => ({ i, name: name(i), x: x(i), time: time(i) }))),
      columns: await written({ i: Int32Array.from(all), name: all.map(name), x: all.map(x), time: all.map(time) }),
      query: await written(numbers),
      table: await written(stored),
      'small vectors': await written(sql`select * from ${parts} where i >= 0`),
      union: await written(parts),
      sorted: await written(sql`select * from ${parts} order by i`),
      parallel: await written(sql.parallel`select * from ${stored}`),
      'parallel union': await written(sql.parallel`select * from ${parts}`),
    },
    filtered: {
      query: await written(sparse),
      parallel: await written(sql.parallel`select * from ${sparse}`),
      rows: await written(await sparse.toArray()),
    },
    means: { query: (await folder.write(Means, means)).ref.digest },
    counts: {
      query: (await folder.write(Means, counts(sql))).ref.digest,
      parallel: (await folder.write(Means, counts(sql.parallel as typeof sql))).ref.digest,
    },
  }),
)
