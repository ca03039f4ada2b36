import type { DuckDBConnection } from '@duckdb/node-api'
import { CairnError } from '@cairn/kernel'
import { badCell, BAD_CELL, identifier } from './column-sql.ts'
import type { Column } from './columns.ts'
import { queryError, type Prepared } from './statement.ts'

/** Explains why a statement failed. If a cell did not fit, reads the rows again to find the first such cell. */
export async function cellError(
  connection: DuckDBConnection,
  { text, types, bindings }: CheckedText,
  columns: readonly Column[],
  cause: unknown,
): Promise<unknown> {
  if (!(cause instanceof Error && cause.message.includes(BAD_CELL))) return queryError(cause)
  const bad = columns.map((column) => `(${badCell(column, types.get(column.name)!)})`)
  const shown = columns.map(({ name }) => `${identifier(name)}::varchar`)
  const numbered = `(select (row_number() over () - 1)::double as "cairn row", * from ${text})`
  const locate = `select "cairn row", [${bad.join(', ')}], [${shown.join(', ')}] from ${numbered} where ${bad.join(' or ')} limit 1`
  const result = await connection.runAndReadAll(locate, bindings?.values, bindings?.types)
  const [row, flags, cells] = result.getRowsJson()[0] as [number, boolean[], (string | null)[]]
  const index = flags.indexOf(true)
  return badCellError(columns[index]!, row, cells[index]!)
}

interface CheckedText {
  readonly text: string
  /** The types of its columns, by name. */
  readonly types: ReadonlyMap<string, string>
  readonly bindings?: Pick<Prepared, 'values' | 'types'>
}

/** The error for a cell. `row` counts from 0, and `value` is the SQL text of the cell. */
function badCellError(column: Column, row: number, value: string | null): CairnError {
  const { name, declared, type } = column
  const at = `column "${name}", row ${row}:`
  if (value === null)
    return new CairnError('BAD_OUTPUT', `${at} is null`, {
      next: `fill it or drop the row; to allow nulls, declare the column "${declared}?"`,
    })
  if (/^-?(nan|inf|infinity)$/.test(value) && type.startsWith('float'))
    return new CairnError('BAD_OUTPUT', `${at} is ${value.replace('nan', 'NaN').replace(/inf(inity)?/, 'Infinity')}`, {
      next: `check the computation; to allow it, declare the column "${type}|nan${column.nullable ? '?' : ''}"`,
    })
  const hint = type === 'timestamp' && !isBelowMilliseconds(value) ? YEARS : HINTS[type]
  return new CairnError('BAD_OUTPUT', `${at} is ${value}, which ${type} cannot hold`, hint ? { next: hint } : {})
}

const YEARS = 'a timestamp must be in the years 1 to 9999: store other values as text or numbers'

function isBelowMilliseconds(value: string): boolean {
  return /\.\d{3}\d*[1-9]/.test(value)
}

const ROUNDED =
  'the value would be rounded: cast it in the query if that is acceptable (x::double), or to text (x::varchar)'
const HINTS: Partial<Record<Column['type'], string>> = {
  int64: 'numbers are exact up to 2^53: for larger values declare the column "bigint"',
  bigint: 'store larger values as text: declare the column "string", and cast it in the query: x::varchar',
  float32: ROUNDED,
  float64: ROUNDED,
  timestamp: "a timestamp has millisecond precision: round the value, in a query with date_trunc('millisecond', …)",
  date: 'a date must be in the years 1 to 9999',
}
