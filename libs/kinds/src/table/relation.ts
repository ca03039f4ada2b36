import type { Table as ArrowTable } from 'apache-arrow'
import type { ColumnArrays, Columns, Row } from './columns.ts'
import type { SqlSource } from './sql-source.ts'

/** The rows of a file or a query. Every method reads them again; nothing is kept in memory. */
export interface Relation<R, Arrays> {
  /** Returns the number of rows. */
  count(): Promise<number>
  /** Iterates over the rows, which are read in batches. */
  rows(): AsyncIterable<R>
  /** Returns all rows at once, for tables that fit in memory. */
  toArray(): Promise<R[]>
  /**
   * Returns some columns, each as one array: the fast way to compute with numbers. Booleans are 0 and 1. Dates are days
   * and timestamps are milliseconds since 1970-01-01 (UTC). Nulls among numbers are NaN.
   */
  columnsOf<const Name extends keyof Arrays & string>(names: readonly Name[]): Promise<Pick<Arrays, Name>>
  /** Returns an Apache Arrow table, in which null and NaN stay distinct. */
  arrow(): Promise<ArrowTable>
}

/** A table as a step receives it. Its file is opened when it is read. */
export interface Table<out C extends Columns = any> extends Relation<Row<C>, ColumnArrays<C>>, SqlPart {
  readonly columns: C
}

/** A row of a query: `sql<{ origin: string; delay: number }>`. Lists and structs are plain JSON. */
export type QueryRow = Record<string, any>
/** The columns of a query as arrays. Numbers and timestamps are `Float64Array`, with NaN for null. */
export type QueryArrays<R extends QueryRow> = {
  -readonly [Name in keyof R]: NonNullable<R[Name]> extends number | Date ? Float64Array : (R[Name] | null)[]
}
/** An SQL query. It runs each time its rows are read. */
export interface Query<out R extends QueryRow = any> extends Relation<R, QueryArrays<R>>, SqlPart {}

export const SQL: unique symbol = Symbol.for('cairn.sql')

/** A part of a query's text: a table, another query, a file, or a column's name. */
export interface SqlPart {
  readonly [SQL]: SqlSource
}

export function isSqlPart(value: unknown): value is SqlPart {
  return typeof value === 'object' && value !== null && SQL in value
}

/** Whether a value is a table or a query, which can be read alone. */
export function isRelation(value: unknown): value is SqlPart {
  return isSqlPart(value) && value[SQL].relation !== undefined
}

/** Makes the methods that read a table or a query. The first call loads DuckDB and Arrow. */
export function relation(source: SqlSource): Relation<any, any> & SqlPart {
  return {
    [SQL]: source,
    count: async () => (await import('./read.ts')).countRows(source),
    async *rows() {
      for await (const batch of (await import('./read.ts')).readRows(source)) yield* batch
    },
    async toArray() {
      const batches: unknown[][] = []
      for await (const batch of (await import('./read.ts')).readRows(source)) batches.push(batch)
      return batches.flat()
    },
    columnsOf: async (names) => (await import('./arrays.ts')).readArrays(source, names),
    arrow: async () => (await import('./arrow.ts')).readArrow(source),
  }
}
