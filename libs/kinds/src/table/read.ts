import type { DuckDBConnection, DuckDBDataChunk, DuckDBValue } from '@duckdb/node-api'
import { CairnError } from '@cairn/kernel'
import { cellError } from './cell-error.ts'
import { cellNumber, identifier, storedCell, whereFits } from './column-sql.ts'
import type { Column } from './columns.ts'
import { lendConnection } from './duckdb.ts'
import { parseNested } from './nested.ts'
import type { SqlSource } from './sql-source.ts'
import { describe, prepare, type Prepared } from './statement.ts'

/** A column to read. `nested` marks a list or struct of a query, which DuckDB returns as JSON. */
export type ReadColumn = Column & { readonly nested?: boolean }
/** Chooses what to read from the available columns. */
export type Select = (columns: readonly ReadColumn[]) => Selected
interface Selected {
  /** The SQL expressions to select. */
  readonly cells: readonly string[]
  /** The columns that these expressions use. */
  readonly of: readonly ReadColumn[]
}

export async function countRows(source: SqlSource): Promise<number> {
  for await (const chunk of readChunks(source, () => ({ cells: ['count(*)::double'], of: [] })))
    return Number(chunk.getColumnVector(0).getItem(0))
  return 0
}

/** Reads rows as objects, in batches of up to 2048. */
export async function* readRows(source: SqlSource): AsyncGenerator<Record<string, unknown>[]> {
  let columns: readonly ReadColumn[] = []
  const select: Select = (found) => {
    columns = found
    return { cells: columns.map(rowCell), of: columns }
  }
  let first = 0
  for await (const chunk of readChunks(source, select)) {
    const rows: Record<string, unknown>[] = Array.from({ length: chunk.rowCount }, () => ({}))
    for (const [index, column] of columns.entries()) {
      const vector = chunk.getColumnVector(index)
      for (let row = 0; row < rows.length; row++)
        rows[row]![column.name] = rowValue(column, vector.getItem(row), first + row)
    }
    first += rows.length
    yield rows
  }
}

function rowCell(column: Column): string {
  if (column.type === 'date') return `${identifier(column.name)}::varchar`
  return /^(bool|bigint|string)$/.test(column.type) ? identifier(column.name) : cellNumber(column)
}

function rowValue({ name, type, nested }: ReadColumn, value: DuckDBValue, row: number): unknown {
  if (value === null) return null
  if (type === 'timestamp') return new Date(value as number)
  return nested ? parseNested(value as string, name, row) : value
}

/** Reads what `select` chooses, in chunks of up to 2048 rows. */
export async function* readChunks(source: SqlSource, select: Select): AsyncGenerator<DuckDBDataChunk> {
  using lent = await lendConnection(source.relation ?? 'serial')
  const { connection } = lent
  const prepared = await prepare(connection, source)
  const typed = await typeColumns(connection, prepared, source.columns)
  try {
    const { cells, of } = select(typed.columns)
    const text = `select ${cells.join(', ')} from ${typed.from(of)}`
    const result = await connection.stream(text, prepared.values, prepared.types)
    for (let chunk = await result.fetchChunk(); chunk && chunk.rowCount > 0; chunk = await result.fetchChunk())
      yield chunk
  } catch (cause) {
    throw await typed.explain(cause)
  }
}

interface Typed {
  readonly columns: readonly ReadColumn[]
  /** SQL that returns columns of exactly these types. The query fails if a value of a used column does not fit. */
  from(used: readonly ReadColumn[]): string
  explain(cause: unknown): unknown
}

async function typeColumns(
  connection: DuckDBConnection,
  prepared: Prepared,
  declared: SqlSource['columns'],
): Promise<Typed> {
  if (declared) return { columns: declared, from: () => prepared.text, explain: (cause) => cause }
  const described = await describe(connection, prepared)
  const columns = [...described].map(([name, type]) => queryColumn(name, type))
  const plain = columns.map(({ name, type, nested }) => {
    const value = nested ? `to_json(${identifier(name)})` : identifier(name)
    return type === 'string' ? `${value}::varchar as ${identifier(name)}` : value
  })
  const cells = columns.map(storedCell).join(', ')
  const text = `(select ${plain.join(', ')} from ${prepared.text})`
  return {
    columns,
    from: (used) => `(select ${cells} from ${text}${whereFits(used, described)})`,
    explain: (cause) => cellError(connection, { text, types: described, bindings: prepared }, columns, cause),
  }
}

function queryColumn(name: string, type: string): ReadColumn {
  const found = (plain: Column['type'], nested = false): ReadColumn => {
    return { name, declared: `${plain}?`, type: plain, nullable: true, nan: plain === 'float64', nested }
  }
  if (/\bBLOB\b/.test(type))
    throw new CairnError('BAD_DEFINITION', `column "${name}" of the query is ${type}, but rows cannot contain bytes`, {
      next: `convert it to text: hex(${name}) or base64(${name})`,
    })
  if (/\]$|^(STRUCT|MAP|UNION|JSON|VARIANT)/.test(type)) return found('string', true)
  if (/^(U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT))$/.test(type)) return found('int64')
  if (/^(FLOAT|DOUBLE|DECIMAL)/.test(type)) return found('float64')
  if (type === 'BOOLEAN') return found('bool')
  return type.startsWith('TIMESTAMP') ? found('timestamp') : found('string')
}
