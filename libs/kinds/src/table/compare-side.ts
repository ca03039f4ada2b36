import type { DuckDBConnection } from '@duckdb/node-api'
import type { Artifact, Json } from '@cairn/kernel'
import { parquetFile } from './duckdb-path.ts'

/** A stored table that is compared with another. */
export interface TableSide {
  /** To select from; its rows are numbered in `file_row_number`. */
  readonly from: string
  readonly rows: number
  /** DuckDB's types by the columns' names. */
  readonly columns: ReadonlyMap<string, string>
}
/** Runs a query and gives its rows. */
export type Ask = (query: string) => Promise<Record<string, Json>[]>

export function asker(connection: DuckDBConnection): Ask {
  return async (query) => (await connection.runAndReadAll(query)).getRowObjectsJson()
}

export async function sideOf(ask: Ask, artifact: Artifact): Promise<TableSide> {
  const path = await artifact.path()
  const found = await ask(`describe select * from ${parquetFile(path)}`)
  const [counted] = await ask(`select count(*)::double as rows from ${parquetFile(path)}`)
  return {
    from: parquetFile(path, undefined, ', file_row_number = true'),
    rows: counted!['rows'] as number,
    columns: new Map(found.map(({ column_name: name, column_type: type }) => [name as string, type as string])),
  }
}

export const NUMERIC = /^(U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)|FLOAT|DOUBLE|DECIMAL.*)$/
/** Whether values of both types mean the same when they are equal. */
export function isComparable(type: string, other: string): boolean {
  return type === other || (NUMERIC.test(type) && NUMERIC.test(other))
}
