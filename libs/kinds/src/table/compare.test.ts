import { afterAll, describe, expect, test } from 'vitest'
import { artifactFolder } from '../testing.ts'
import { table } from './table.ts'

const folder = artifactFolder()
afterAll(() => folder[Symbol.dispose]())

const Flights = table({ id: 'int32', carrier: 'string?', delay: 'float64', late: 'bool', day: 'date' })
type Row = { id: number; carrier: string | null; delay: number; late: boolean; day: string }
const flights = (count: number, change: (row: Row) => Partial<Row> = () => ({})): Row[] =>
  Array.from({ length: count }, (_, id) => {
    const day = `2001-06-${String((id % 30) + 1).padStart(2, '0')}`
    const row = { id, carrier: id % 7 === 0 ? null : 'AA', delay: id % 100, late: id % 4 === 0, day }
    return { ...row, ...change(row) }
  })
const compare = async (before: readonly Row[], after: readonly Row[], options: object = {}) => {
  const [was, is] = [await folder.write(Flights, before), await folder.write(Flights, after)]
  const found = await Flights.compare!(was, is, { rows: 2, ...options })
  return Object.fromEntries(found.map(({ title, rows }) => [title, rows]))
}
const columnOf = (found: Record<string, readonly (readonly unknown[])[]>, name: string) =>
  found['columns']!.find(([column]) => column === name)

describe('two tables', () => {
  test('that are equal have no differences', async () => {
    const found = await compare(flights(1000), flights(1000))
    expect(found['rows']).toEqual([[1000]])
    expect(columnOf(found, 'delay')).toEqual(['delay', 'double', 0, null, 49.5, 4, 49, 94, 0])
    expect(columnOf(found, 'carrier')).toEqual(['carrier', 'varchar', 143, 1, null, null, null, null, 0])
    expect(columnOf(found, 'late')).toEqual(['late', 'boolean', 0, null, 0.25, null, null, null, 0])
    expect(columnOf(found, 'day')!.slice(5)).toEqual(['2001-06-02', '2001-06-15', '2001-06-29', 0])
    expect(found['rows at the same position']).toEqual([[0, 0, 1000, 0]])
    expect(found).not.toHaveProperty('examples')
  })

  test('differ in rows, distributions and missing values', async () => {
    const found = await compare(
      flights(1000),
      flights(1200, ({ delay, id }) => ({ delay: delay + 10, carrier: id % 2 === 0 ? null : 'UA' })),
    )
    expect(found['rows']).toEqual([[[1000, 1200]]])
    expect(columnOf(found, 'delay')).toEqual([
      'delay',
      'double',
      0,
      null,
      [49.5, 59.5],
      [4, 14],
      [49, 59],
      [94, 104],
      0.1,
    ])
    expect(columnOf(found, 'carrier')!.slice(2, 4)).toEqual([[143, 600], 1])
    expect(columnOf(found, 'carrier')!.at(-1)).toBeCloseTo(0.857)
    expect(columnOf(found, 'late')!.at(-1)).toBe(0)
    expect(found, 'no key, and not as many rows').not.toHaveProperty('changed')
  })

  test('are compared row by row by a key, in any order', async () => {
    const after = flights(900, ({ id, delay }) => (id === 5 || id === 8 ? { delay: delay + 1, late: true } : {}))
    after.reverse()
    const found = await compare([...flights(800), ...flights(1000).slice(850)], after, { key: ['id'] })
    expect(found['rows with the same id']).toEqual([[100, 50, 850, 2]])
    expect(found['changed']).toEqual([
      ['delay', 2, 2 / 850],
      ['late', 1, 1 / 850],
    ])
    expect(found['examples']).toEqual([
      [5, [5, 6], [false, true]],
      [8, [8, 9], true],
    ])
    await expect(compare(flights(10), flights(10), { key: ['day', 'late'] })).resolves.toBeDefined()
    await expect(compare(flights(100), flights(100), { key: ['day'] })).rejects.toThrow(
      'day does not identify rows: 30 of its values occur more than once',
    )
    await expect(compare(flights(1), flights(1), { key: ['dya'] })).rejects.toMatchObject({
      message: 'the key column "dya" does not exist',
      next: expect.stringContaining('day'),
    })
  })

  test('may have other columns, and columns of another type', async () => {
    const Other = table({ id: 'string', delay: 'int16', weather: 'float32' })
    const [was, is] = [
      await folder.write(Flights, flights(10)),
      await folder.write(
        Other,
        flights(10).map(({ id, delay }) => ({ id: String(id), delay, weather: 1 })),
      ),
    ]
    const found = await Other.compare!(was, is, { rows: 5 })
    expect(found[1]!.rows.map(([name, type, , , , , , , moved]) => [name, type, moved])).toEqual([
      ['id', ['integer', 'varchar'], null],
      ['delay', ['double', 'smallint'], 0],
      ['weather', [null, 'float'], null],
      ['carrier', ['varchar', null], null],
      ['late', ['boolean', null], null],
      ['day', ['date', null], null],
    ])
    expect(found[2]!.rows).toEqual([[0, 0, 10, 0]])
  })

  test('may be empty', async () => {
    const found = await compare([], flights(3))
    expect(columnOf(found, 'delay')).toEqual([
      'delay',
      'double',
      0,
      null,
      [null, 1],
      [null, 0],
      [null, 1],
      [null, 2],
      null,
    ])
  })
})
