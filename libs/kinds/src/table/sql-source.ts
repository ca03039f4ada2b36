import type { DuckDBConnection } from '@duckdb/node-api'
import type { Column } from './columns.ts'

/** How a part of a query makes its text. */
export interface SqlSource {
  text(into: Statement): string | Promise<string>
  /** For a table or a query, which can be read alone: whether it runs on one thread or on several. */
  readonly relation?: 'serial' | 'parallel'
  /** For a table: its columns. The columns of a query are known when it runs. */
  readonly columns?: readonly Column[]
}

/** A statement while its text is made. */
export interface Statement {
  /** The bound values, by the name of the parameter. */
  readonly values: Record<string, SqlValue>
  /** The files that the statement may read. */
  readonly files: Set<string>
  /** How these files are read. */
  readonly reads: ReadFiles[]
}

/** Files in a query. */
export interface ReadFiles {
  /** The text while the query is inspected. It is a subquery, so it has only the columns of the files. */
  readonly text: string
  /** Inspects the files and returns the text that is executed instead. */
  exact(connection: DuckDBConnection): Promise<string>
}

type Scalar = string | number | bigint | boolean | Date
/** A plain value in a query. It is bound as a parameter, never pasted into the text. */
export type SqlValue = Scalar | null | readonly Scalar[]
