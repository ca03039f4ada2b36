import type { DataType, Table as ArrowTable, Vector } from 'apache-arrow'
import { CairnError } from '@cairn/kernel'
import { checkColumnNames, type Column } from './columns.ts'

// The numbers of types and units are those of https://github.com/apache/arrow/blob/main/format/Schema.fbs. They are
// compared instead of classes, because the table may come from another copy of Arrow's library.
const TYPE = { null: 1, int: 2, float: 3, text: 5, bool: 6, date: 8, timestamp: 10, largeText: 20, dictionary: -1 }
const UNITS_A_SECOND = [1n, 1_000n, 1_000_000n, 1_000_000_000n]

const numbers = [TYPE.int, TYPE.float]
/** The Arrow types that each type of column accepts. */
const TAKEN: Record<Column['type'], readonly number[]> = {
  bool: [TYPE.bool, TYPE.int],
  int8: numbers,
  int16: numbers,
  int32: numbers,
  int64: numbers,
  uint8: numbers,
  uint16: numbers,
  uint32: numbers,
  bigint: [TYPE.int],
  float32: numbers,
  float64: numbers,
  string: [TYPE.text, TYPE.largeText],
  date: [TYPE.date],
  timestamp: [TYPE.timestamp],
}

export function isArrowTable(value: object): value is ArrowTable {
  return 'schema' in value && 'numRows' in value && 'getChild' in value
}

/** Converts the columns of an Arrow table to arrays: dates to days, timestamps to milliseconds. */
export function arrowColumns(table: ArrowTable, columns: readonly Column[]): Record<string, ArrayLike<unknown>> {
  const names = table.schema.fields.map(({ name }) => name)
  checkColumnNames(names, 'the Arrow table has', 'rename it')
  const declared = new Map(columns.map((column) => [column.name, column]))
  return Object.fromEntries(
    table.schema.fields.map(({ name, type }, index) => {
      const column = declared.get(name)
      return [name, column ? arrowValues(table.getChildAt(index)!, column, type) : []]
    }),
  )
}

function arrowValues(vector: Vector, column: Column, type: DataType): ArrayLike<unknown> {
  const isDictionary = idOf(type) === TYPE.dictionary
  const held = idOf(isDictionary ? (type as unknown as { dictionary: DataType }).dictionary : type)
  if (held !== TYPE.null && !TAKEN[column.type].includes(held))
    throw new CairnError(
      'BAD_OUTPUT',
      `column "${column.name}" is declared ${column.declared}, but it is ${String(type as unknown)}`,
      {
        next: 'cast it to text or numbers before you return it, or declare another type',
      },
    )
  if (held === TYPE.timestamp && !isDictionary) return [...milliseconds(vector, column)]
  const values: unknown[] = [...vector]
  return held === TYPE.date ? values.map(days) : values
}

function idOf({ typeId }: DataType): number {
  return typeId
}

function days(value: unknown): unknown {
  return typeof value === 'number' ? value / 86_400_000 : value
}

/** Reads the stored integers: the numbers of Arrow's library are doubles, which lose nanoseconds. */
function* milliseconds(vector: Vector, { name }: Column): Generator<number | null> {
  const { unit } = vector.type as unknown as { unit: number }
  const perSecond = UNITS_A_SECOND[unit]!
  let row = 0
  for (const data of vector.data)
    for (let index = 0; index < data.length; index++, row++) {
      if (!data.getValid(index)) {
        yield null
        continue
      }
      const scaled = (data.values as BigInt64Array)[index]! * 1_000n
      if (scaled % perSecond !== 0n)
        throw new CairnError(
          'BAD_OUTPUT',
          `column "${name}", row ${row}: is ${scaled / 1_000n} / ${perSecond} s since 1970-01-01, which timestamp cannot hold`,
          { next: 'a timestamp has millisecond precision: round the value, or declare "bigint" and return integers' },
        )
      yield Number(scaled / perSecond)
    }
}
