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

/** Writes the value that a step returned for a table. */
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

/** Stages a parallel query. Several threads write row groups of varying sizes, so one thread stages the result again. */
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
 *
 * @returns the number of rows
 * @throws CairnError BAD_OUTPUT for the first cell that does not fit, with its column and its row, counted from 0
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

/** Writes a Parquet file. With one thread and a staged table without gaps, the bytes depend only on the rows. */
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
