import type { List } from '@cairn/kernel'
import { afterAll, expect, test } from 'vitest'
import { artifactFolder, checkKind } from '../testing.ts'
import { partitions } from './partitions.ts'
import type { Table } from './relation.ts'
import { sql } from './sql.ts'
import { table } from './table.ts'

const folder = artifactFolder()
afterAll(() => folder[Symbol.dispose]())

const Flights = table({ origin: 'string', delay: 'float64?', day: 'date' })
const ByOrigin = partitions(Flights, 'origin')
const rows = [
  { origin: 'LAS', delay: 5, day: '2001-01-02' },
  { origin: 'ATL', delay: 9, day: '2001-01-01' },
  { origin: 'LAS', delay: null, day: '2001-01-01' },
  { origin: 'ATL', delay: 1, day: '2001-01-03' },
]
const contents = async (list: List<Table<typeof Flights.columns>>) =>
  Promise.all((await list.all()).map(async (table, index) => [list.labelAt(index), await table.toArray()]))

test('partitions meet the contract of the engine', () =>
  checkKind(ByOrigin, {
    values: [[], rows],
    refused: [null, [{ ...rows[0], delay: NaN }], [{ ...rows[0], origin: null }], [{ origin: 1 }]],
    read: contents,
    expect: (written) => {
      const all = written as typeof rows
      const labels = [...new Set(all.map(({ origin }) => origin))].sort()
      return labels.map((label) => [label, all.filter(({ origin }) => origin === label)])
    },
  }))

test('each partition has the bytes of a separate table', async () => {
  const artifact = await folder.write(ByOrigin, rows)
  const { items } = JSON.parse(Buffer.from(await artifact.bytes()).toString()) as { items: { digest: string }[] }
  for (const [index, origin] of ['ATL', 'LAS'].entries()) {
    const alone = await folder.write(
      Flights,
      rows.filter((row) => row.origin === origin),
    )
    expect(items[index]!.digest).toBe(alone.ref.digest)
  }
})

test('large partitions too, over several row groups, from a query', async () => {
  const Numbers = table({ part: 'int32', i: 'int32' })
  const numbers = sql`select (i % 3)::int as part, i::int as i from range(450000) t(i)`
  const list = await partitions(Numbers, 'part').decode(await folder.write(partitions(Numbers, 'part'), numbers))
  expect(list.length).toBe(3)
  expect(list.labelAt(2)).toBe('2')
  const { i } = await (await list.at(2)).columnsOf(['i'])
  expect(i).toEqual(Int32Array.from({ length: 150_000 }, (_, at) => at * 3 + 2))
  const alone = await folder.write(Numbers, sql`select * from ${numbers} where part = 1`)
  const artifact = await folder.write(partitions(Numbers, 'part'), numbers)
  expect(Buffer.from(await artifact.bytes()).toString()).toContain(alone.ref.digest)
})

test('a bad cell is found in its row of the whole table', async () => {
  await expect(folder.write(ByOrigin, [...rows, { ...rows[0]!, delay: Infinity }])).rejects.toThrow(
    'column "delay", row 4: is Infinity',
  )
})

test('partitions are sorted by value, not by text', async () => {
  const Numbers = table({ n: 'int32' })
  const list = await partitions(Numbers, 'n').decode(
    await folder.write(partitions(Numbers, 'n'), [{ n: 10 }, { n: -1 }, { n: 9 }]),
  )
  expect([0, 1, 2].map((index) => list.labelAt(index))).toEqual(['-1', '9', '10'])
  const days = await folder.write(partitions(Flights, 'day'), rows)
  const byDay = await partitions(Flights, 'day').decode(days)
  expect([0, 1, 2].map((index) => byDay.labelAt(index))).toEqual(['2001-01-01', '2001-01-02', '2001-01-03'])
})

test('a column that cannot identify partitions is refused', () => {
  expect(() => partitions(Flights, 'delay' as never)).toThrow('a table cannot be split by "delay"')
  expect(() => partitions(Flights, 'speed' as never)).toThrow('a table cannot be split by "speed"')
})

test('the column is part of the description, and an input accepts tables with more columns', () => {
  const { item, ...rest } = ByOrigin.schema as { item: object; by: string }
  expect(rest).toEqual({ by: 'origin' })
  expect(item).toMatchObject({ kind: 'table' })
  const wanted = partitions(table({ origin: 'string' }), 'origin')
  expect(wanted.accepts!({ kind: 'list', version: 1, schema: ByOrigin.schema })).toBe(true)
  expect(ByOrigin.accepts!({ kind: 'list', version: 1, schema: wanted.schema })).toBe(false)
})
