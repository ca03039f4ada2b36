import type { DuckDBConnection } from '@duckdb/node-api'
import type { Artifact, Json } from '@cairn/kernel'
import { parquetFile } from './duckdb-path.ts'

/** One of the two tables of a comparison. */
export interface TableSide {
  /** The `from` clause. The column `file_row_number` numbers the rows. */
  readonly from: string
  readonly rows: number
  /** The DuckDB types of the columns, by name. */
  readonly columns: ReadonlyMap<string, string>
}
/** Runs a query and returns its rows. */
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
/** Whether values of both types can be compared for equality. */
export function isComparable(type: string, other: string): boolean {
  return type === other || (NUMERIC.test(type) && NUMERIC.test(other))
}
