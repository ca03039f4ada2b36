import type { DuckDBConnection } from '@duckdb/node-api'
import type { Encoded, Encoder } from '@cairn/kernel'
import { cellError } from './cell-error.ts'
import { storedCell, whereFits } from './column-sql.ts'
import type { Column } from './columns.ts'
import { withConnection } from './duckdb.ts'
import { parquetFile, targetFile } from './duckdb-path.ts'
import { isRelation, SQL } from './relation.ts'
import type { SqlSource } from './sql-source.ts'
import { stagePrepared, stageQuery, stageValues, type Staged } from './stage.ts'

/** Writes what a step has returned for a table. */
export function writeTable(value: unknown, columns: readonly Column[], to: Encoder): Promise<Encoded> {
  return withConnection('serial', to.signal, async (connection) => {
    const staged = await stage(connection, value, columns, to)
    const file = to.file()
    const rows = await writeChecked(connection, staged, columns, file)
    return { file, summary: { rows, columns: columns.length } }
  })
}

export function stage(
  connection: DuckDBConnection,
  value: unknown,
  columns: readonly Column[],
  to: Encoder,
): Promise<Staged> {
  if (!isRelation(value)) return stageValues(connection, value, columns, to.signal)
  const source = value[SQL]
  return source.relation === 'parallel'
    ? stageInParallel(connection, source, columns, to)
    : stageQuery(connection, source, columns)
}

/** Many threads make row groups of many sizes, so what they have written is staged again by one. */
async function stageInParallel(
  connection: DuckDBConnection,
  source: SqlSource,
  columns: readonly Column[],
  to: Encoder,
): Promise<Staged> {
  const file = to.file()
  await withConnection('parallel', to.signal, async (parallel) => {
    await writeChecked(parallel, await stageQuery(parallel, source, columns), columns, file, 'compression lz4')
  })
  return stagePrepared(connection, { text: `(select * from ${parquetFile(file)})`, values: {}, types: {} }, columns)
}

/**
 * Checks every cell and writes the rows.
 * @returns how many there are
 * @throws CairnError BAD_OUTPUT that names the column and the row, counted from 0, of the first cell that does not fit
 */
export async function writeChecked(
  connection: DuckDBConnection,
  { text, types }: Staged,
  columns: readonly Column[],
  file: string,
  compression?: string,
): Promise<number> {
  const rows = `(select ${columns.map(storedCell).join(', ')} from ${text}${whereFits(columns, types)})`
  try {
    return await writeParquet(connection, rows, file, compression)
  } catch (cause) {
    throw await cellError(connection, { text, types }, columns, cause)
  }
}

/** The bytes depend on the rows alone, given one thread and rows that lie packed in one table. */
export async function writeParquet(
  connection: DuckDBConnection,
  text: string,
  file: string,
  compression = 'compression zstd, compression_level 3',
): Promise<number> {
  const options = `format parquet, parquet_version v1, row_group_size 122880, ${compression}, use_tmp_file false`
  const result = await connection.runAndReadAll(`copy ${text} to ${targetFile(file)} (${options})`)
  return Number(result.getRows()[0]![0])
}
