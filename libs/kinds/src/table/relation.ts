import type { Table as ArrowTable } from 'apache-arrow'
import type { ColumnArrays, Columns, Row } from './columns.ts'
import type { SqlSource } from './sql-source.ts'

/** Rows that lie in a file or come out of a query. Every method reads them anew; nothing is kept in memory. */
export interface Relation<R, Arrays> {
  count(): Promise<number>
  /** One row after the other, read in batches. */
  rows(): AsyncIterable<R>
  /** All rows at once; for what fits in memory. */
  toArray(): Promise<R[]>
  /**
   * Some columns, each as one array: the fast way to compute over numbers. Booleans are 0 and 1, dates days and
   * timestamps milliseconds since 1970-01-01 (UTC); nulls among numbers are NaN.
   */
  columnsOf<const Name extends keyof Arrays & string>(names: readonly Name[]): Promise<Pick<Arrays, Name>>
  /** As an Apache Arrow table, with nulls kept apart from NaN. */
  arrow(): Promise<ArrowTable>
}

/** A table as a step receives it. It opens nothing until it is read. */
export interface Table<out C extends Columns = any> extends Relation<Row<C>, ColumnArrays<C>>, SqlPart {
  readonly columns: C
}

/** What a query gives for a row: `sql<{ origin: string; delay: number }>`. Lists and structs come as plain JSON. */
export type QueryRow = Record<string, any>
/** Numbers and timestamps come as `Float64Array`, nulls among them as NaN. */
export type QueryArrays<R extends QueryRow> = {
  -readonly [Name in keyof R]: NonNullable<R[Name]> extends number | Date ? Float64Array : (R[Name] | null)[]
}
/** The rows of an SQL query. They are computed each time they are read. */
export interface Query<out R extends QueryRow = any> extends Relation<R, QueryArrays<R>>, SqlPart {}

export const SQL: unique symbol = Symbol.for('cairn.sql')

/** What takes a part in the text of a query: a table, another query, a file, a column's name. */
export interface SqlPart {
  readonly [SQL]: SqlSource
}

export function isSqlPart(value: unknown): value is SqlPart {
  return typeof value === 'object' && value !== null && SQL in value
}

/** A table or a query: all that it needs to be read is its part of a query's text. */
export function isRelation(value: unknown): value is SqlPart {
  return isSqlPart(value) && value[SQL].relation !== undefined
}

/** The methods by which a table or a query is read; DuckDB and Arrow are loaded by the first call. */
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
