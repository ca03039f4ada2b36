import type { DuckDBVector } from '@duckdb/node-api'
import { CairnError, suggest } from '@cairn/kernel'
import { cellNumber, identifier } from './column-sql.ts'
import type { Column } from './columns.ts'
import { parseNested } from './nested.ts'
import { countRows, readChunks, type ReadColumn, type Select } from './read.ts'
import type { SqlSource } from './sql-source.ts'

/** Reads whole columns, each as one array of the type that `ColumnArray` declares. */
export async function readArrays(source: SqlSource, names: readonly string[]): Promise<any> {
  if (names.length === 0) return {}
  const capacity = source.columns ? await countRows(source) : 1 << 16
  let arrays: Growing[] = []
  const select: Select = (columns) => {
    const byName = new Map(columns.map((column) => [column.name, column]))
    const chosen = names.map((name) => pick(byName, name))
    arrays = chosen.map((column) => growing(column, capacity))
    return { cells: chosen.map(arrayCell), of: chosen }
  }
  for await (const chunk of readChunks(source, select))
    for (const [index, array] of arrays.entries()) array.append(chunk.getColumnVector(index), chunk.rowCount)
  return Object.fromEntries(names.map((name, index) => [name, arrays[index]!.whole()]))
}

function pick(columns: ReadonlyMap<string, ReadColumn>, name: string): ReadColumn {
  const found = columns.get(name)
  if (found) return found
  throw new CairnError('BAD_DEFINITION', `the table has no column "${name}"`, {
    next: suggest(name, [...columns.keys()]),
  })
}

const NUMBERS = {
  bool: { array: Uint8Array, duckdb: 'UTINYINT' },
  int8: { array: Int8Array, duckdb: 'TINYINT' },
  int16: { array: Int16Array, duckdb: 'SMALLINT' },
  int32: { array: Int32Array, duckdb: 'INTEGER' },
  int64: { array: Float64Array, duckdb: 'DOUBLE' },
  uint8: { array: Uint8Array, duckdb: 'UTINYINT' },
  uint16: { array: Uint16Array, duckdb: 'USMALLINT' },
  uint32: { array: Uint32Array, duckdb: 'UINTEGER' },
  float32: { array: Float32Array, duckdb: 'FLOAT' },
  float64: { array: Float64Array, duckdb: 'DOUBLE' },
  date: { array: Int32Array, duckdb: 'INTEGER' },
  timestamp: { array: Float64Array, duckdb: 'DOUBLE' },
} as const

/** The array type of a column; undefined if it holds no numbers. Nullable numbers are floats, with NaN for null. */
function numbersOf({ type, nullable }: Column): (typeof NUMBERS)[keyof typeof NUMBERS] | undefined {
  if (type === 'string' || type === 'bigint' || (type === 'bool' && nullable)) return undefined
  return nullable && type !== 'float32' ? NUMBERS.float64 : NUMBERS[type]
}

// SQL replaces null with NaN: checking each value of DuckDB's vectors for null is slow.
function arrayCell(column: Column): string {
  const numbers = numbersOf(column)
  if (!numbers) return identifier(column.name)
  const number = column.nullable ? `coalesce(${cellNumber(column)}, 'nan'::double)` : cellNumber(column)
  return `${number}::${numbers.duckdb}`
}

function itemOf({ name, nested }: ReadColumn, item: unknown, row: number): unknown {
  return nested && item !== null ? parseNested(item as string, name, row) : item
}

interface Growing {
  append(vector: DuckDBVector, count: number): void
  whole(): ArrayLike<unknown>
}

function growing(column: ReadColumn, capacity: number): Growing {
  const Numbers = column.declared === 'bigint' ? BigInt64Array : numbersOf(column)?.array
  if (!Numbers) {
    const values: unknown[] = []
    return {
      append(vector, count) {
        for (let index = 0; index < count; index++) values.push(itemOf(column, vector.getItem(index), values.length))
      },
      whole: () => values,
    }
  }
  let numbers = new Numbers(capacity) as Float64Array // one type for all: they differ only in their elements
  let length = 0
  return {
    append(vector, count) {
      if (length + count > numbers.length) {
        const larger = new Numbers(Math.max(length + count, numbers.length * 2)) as Float64Array
        larger.set(numbers)
        numbers = larger
      }
      // Without nulls, the vector's own array has all values. It is private in the typings, but 15 times as fast.
      const { items } = vector as unknown as { items?: Float64Array }
      if (items instanceof Numbers) numbers.set(items.subarray(0, count), length)
      else for (let index = 0; index < count; index++) numbers[length + index] = vector.getItem(index) as number
      length += count
    },
    whole: () => (length === numbers.length ? numbers : numbers.slice(0, length)),
  }
}
