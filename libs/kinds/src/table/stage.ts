import type { DuckDBConnection } from '@duckdb/node-api'
import { CairnError } from '@cairn/kernel'
import { batches, checkNames } from './batches.ts'
import { fits, identifier, storedType } from './column-sql.ts'
import type { Column } from './columns.ts'
import type { SqlSource } from './sql-source.ts'
import { describe, prepare, queryError, type Prepared } from './statement.ts'
import { stagedType, stager, unstagedCell, unstagedType } from './staged-cell.ts'

/**
 * Rows in a temporary table, in their order and without gaps. A large table spills to disk. Rows are staged before they
 * are written because `create table as` keeps their order, and `copy` mixes up the parts of a `union all`.
 */
export interface Staged {
  /** A query that returns the declared columns. */
  readonly text: string
  /** The types of these columns, by name. */
  readonly types: ReadonlyMap<string, string>
}

/** Stages the result of a query, or the declared columns of a table. */
export async function stageQuery(
  connection: DuckDBConnection,
  source: SqlSource,
  columns: readonly Column[],
): Promise<Staged> {
  return stagePrepared(connection, await prepare(connection, source), columns, source.columns !== undefined)
}

export async function stagePrepared(
  connection: DuckDBConnection,
  query: Prepared,
  columns: readonly Column[],
  mayHaveMore = false,
): Promise<Staged> {
  const types = await describe(connection, query)
  const declared = new Set(columns.map(({ name }) => name))
  const names = [...types.keys()].filter((name) => !mayHaveMore || declared.has(name))
  checkNames(names, columns, 'the query')
  for (const column of columns) checkType(column, types.get(column.name)!)
  const selected = columns.map(({ name }) => identifier(name)).join(', ')
  try {
    const create = `create temp table staged as select ${selected} from ${query.text}`
    await connection.run(create, query.values, query.types)
  } catch (cause) {
    throw queryError(cause)
  }
  return { text: '(select * from temp.staged)', types }
}

function checkType(column: Column, type: string): void {
  if (fits(column, type)) return
  throw new CairnError('BAD_OUTPUT', `column "${column.name}" is declared ${column.declared}, but it is ${type}`, {
    next: `${castOf(column, type)}, or declare another type`,
  })
}

/** Suggests a cast. A plain cast of a fraction rounds it, so the hint asks the author of the query to choose. */
function castOf(column: Column, type: string): string {
  const cell = identifier(column.name)
  const stored = storedType(column)
  if (/^(FLOAT|DOUBLE|DECIMAL)/.test(type) && /INT/.test(stored))
    return `round fractions in the query: round(${cell})::${stored} or floor(${cell})::${stored}`
  return `cast it in the query: ${cell}::${stored}`
}

/** Stages rows or columns from JavaScript. */
export async function stageValues(
  connection: DuckDBConnection,
  value: unknown,
  columns: readonly Column[],
  signal: AbortSignal,
): Promise<Staged> {
  const duckdb = await import('@duckdb/node-api')
  const types = columns.map(stagedType)
  const declared = columns.map(({ name }, index) => `${identifier(name)} ${types[index]}`)
  await connection.run(`create temp table staged (${declared.join(', ')})`)
  const appender = await connection.createAppender('staged', null, 'temp')
  let first = 0
  for await (const batch of batches(value, columns)) {
    signal.throwIfAborted()
    const chunk = duckdb.DuckDBDataChunk.create(
      types.map((type) => duckdb[type]),
      batch.size,
    )
    for (const [index, column] of columns.entries()) {
      const vector = chunk.getColumnVector(index)
      const staged = stager(column, batch.numbers)
      for (let row = 0; row < batch.size; row++) vector.setItem(row, staged(batch.cell(column, row), first + row))
      vector.flush()
    }
    appender.appendDataChunk(chunk)
    first += batch.size
  }
  appender.closeSync()
  return {
    text: `(select ${columns.map(unstagedCell).join(', ')} from temp.staged)`,
    types: new Map(columns.map((column) => [column.name, unstagedType(column)])),
  }
}
