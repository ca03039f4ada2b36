import { DuckDBConnection } from '@duckdb/node-api'
import { afterEach, expect, test, vi } from 'vitest'
import { artifactFolder } from '../testing.ts'
import { sql } from './sql.ts'
import { table } from './table.ts'

afterEach(() => vi.restoreAllMocks())

const SEARCHES = ['includes', 'indexOf', 'find', 'findIndex', 'some'] as const

/** Without Arrow, whose library compares the names of all columns with each other. What is done for a table of so many columns: characters of SQL, conditions that are planned alone, items searched. */
async function workFor(count: number) {
  using folder = artifactFolder()
  const names = Array.from({ length: count }, (_, at) => `column${String(at).padStart(4, '0')}`)
  const Wide = table(Object.fromEntries(names.map((name) => [name, 'float64'] as const)))
  const rows = [0, 1].map((row) => Object.fromEntries(names.map((name, at) => [name, row + at])))
  const work = { characters: 0, statements: 0, conditions: 0, searched: 0 }
  for (const method of ['run', 'runAndReadAll', 'stream'] as const) {
    const original = DuckDBConnection.prototype[method] as (...args: unknown[]) => unknown
    vi.spyOn(DuckDBConnection.prototype, method).mockImplementation(function (this: unknown, ...args: unknown[]) {
      const text = args[0] as string
      // A part of a list of columns or aggregates that holds a condition of several parts.
      const conditions = text.split(/, | from /).filter((part) => /^(case|\(.* (or|and) )/.test(part))
      work.statements += 1
      work.characters += text.length
      work.conditions += conditions.length
      return original.apply(this, args)
    } as never)
  }
  for (const name of SEARCHES) {
    const original = Array.prototype[name] as (...args: unknown[]) => unknown
    vi.spyOn(Array.prototype, name).mockImplementation(function (this: unknown[], ...args: unknown[]) {
      work.searched += this.length
      return original.apply(this, args)
    } as never)
  }
  const written = await folder.write(Wide, rows)
  const found = await Wide.decode(written)
  await folder.write(Wide, sql`select * from ${found}`)
  await folder.write(Wide, { ...(await found.columnsOf(names)) })
  await sql`select * from ${found}`.toArray()
  await Wide.preview!(written, { rows: 2 })
  await Wide.compare!(written, written, { rows: 2 })
  vi.restoreAllMocks()
  return work
}

test('the work for a table grows with its columns, not with their square', async () => {
  await workFor(2) // what is asked of DuckDB once
  const [some, twice] = [await workFor(100), await workFor(200)]
  expect(twice.statements).toBe(some.statements)
  expect(twice.characters / some.characters).toBeLessThan(2.1)
  expect(twice.conditions).toBe(some.conditions)
  expect(twice.searched / some.searched).toBeLessThan(2.5)
})
