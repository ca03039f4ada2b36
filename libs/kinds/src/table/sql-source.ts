import type { DuckDBConnection } from '@duckdb/node-api'
import type { Column } from './columns.ts'

/** How a part of a query puts its text together. */
export interface SqlSource {
  text(into: Statement): string | Promise<string>
  /** Of what can be read alone, a table or a query: on how many threads. */
  readonly relation?: 'serial' | 'parallel'
  /** Those of a table. A query's are found out when it runs. */
  readonly columns?: readonly Column[]
}

/** A statement while its text is put together. */
export interface Statement {
  /** Bound values, by the name of their parameter. */
  readonly values: Record<string, SqlValue>
  /** The files that it may read. */
  readonly files: Set<string>
  /** How these are read. */
  readonly reads: ReadFiles[]
}

/** Files in a query. */
export interface ReadFiles {
  /** What stands for them while the query is inspected. As a query, so that it has no columns beside those of the files. */
  readonly text: string
  /** What is executed in its place, once the files have been looked at. */
  exact(connection: DuckDBConnection): Promise<string>
}

type Scalar = string | number | bigint | boolean | Date
/** A plain value in a query. It is bound as a parameter, never pasted into the text. */
export type SqlValue = Scalar | null | readonly Scalar[]
