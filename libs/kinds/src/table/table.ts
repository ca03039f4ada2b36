import {
  canonical,
  checkNoOptions,
  type Artifact,
  type Sample,
  type SampleSize,
  type Json,
  type Kind,
  type KindDescription,
  type Preview,
} from '@cairn/kernel'
import type { Table as ArrowTable } from 'apache-arrow'
import { identifier } from './column-sql.ts'
import {
  readColumns,
  type Column,
  type ColumnInputs,
  type ColumnList,
  type Columns,
  type ListedColumns,
  type Row,
} from './columns.ts'
import { parquetFile } from './duckdb-path.ts'
import { relation, type Query, type Table } from './relation.ts'
import type { SqlSource } from './sql-source.ts'

/** What a step may return for a table. From another table, the declared columns are taken. */
export type TableInput<C extends Columns> =
  Iterable<Row<C>> | AsyncIterable<Row<C>> | ColumnInputs<C> | ArrowTable | Table<C> | Query

/** The kind of a table with these columns. */
export interface TableKind<C extends Columns> extends Kind<Table<C>, TableInput<C>> {
  readonly columns: C
}

/**
 * A kind for tables with typed columns, stored as Parquet.
 *
 * | type | in JavaScript | in SQL |
 * |---|---|---|
 * | `bool` | boolean | BOOLEAN |
 * | `int8` `int16` `int32` `uint8` `uint16` `uint32` | number | TINYINT … UINTEGER |
 * | `int64` | number, exact up to 2^53 | BIGINT |
 * | `bigint` | bigint of 64 bits | BIGINT |
 * | `float32` `float64` | number; with `\|nan` also NaN and ±Infinity | FLOAT, DOUBLE |
 * | `string` | string | VARCHAR |
 * | `date` | string, `YYYY-MM-DD` | DATE |
 * | `timestamp` | Date, in whole milliseconds | TIMESTAMP, in UTC |
 *
 * A type with `?` also holds null. A cell that does not fit is refused with BAD_OUTPUT, its column and its row, counted
 * from 0.
 *
 * @throws CairnError BAD_DEFINITION for an unknown type or a column name that SQL or JavaScript cannot hold
 * @example
 * const Flights = table({ date: 'timestamp', origin: 'string', delay: 'int32?' })
 * const Years = table([['place', 'string'], ['2001', 'int32']]) // a list keeps the order of integer names
 */
export function table<const L extends ColumnList>(columns: L): TableKind<ListedColumns<L>>
export function table<const C extends Columns>(columns: C): TableKind<C>
export function table(given: Columns | ColumnList, ...more: readonly unknown[]): TableKind<Columns> {
  checkNoOptions(more, 'table')
  const read = readColumns(given)
  const columns: Columns = Object.fromEntries(read.map(({ name, declared }) => [name, declared]))
  return {
    name: 'table',
    version: 2, // version 1 silently rounded numbers of queries to floats
    schema: { columns: read.map(({ name, declared }) => [name, declared]) },
    extension: 'parquet',
    columns,
    encode: async (value, to) => (await import('./write.ts')).writeTable(value, read, to),
    decode: (artifact) => openTable(artifact, columns, read),
    preview: (artifact, { rows }) => previewTable(artifact, read, rows),
    compare: async (before, after, options) => (await import('./compare.ts')).compareTables(before, after, options),
    contains: (artifact, isWanted) => containsText(artifact, read, isWanted),
    sample: (artifact, size) => sampleTable(artifact, read, size),
    accepts: (produced) => hasColumns(produced, read),
  }
}

function openTable<C extends Columns>(artifact: Artifact, columns: C, read: readonly Column[]): Table<C> {
  return { columns, ...relation(tablePart(artifact, read)) }
}

function tablePart(artifact: Artifact, columns: readonly Column[], limit = ''): SqlSource {
  const names = columns.map(({ name }) => identifier(name)).join(', ')
  return {
    relation: 'serial',
    columns,
    text: async (into) => `(select ${names} from ${parquetFile(await artifact.path(), into)} ${limit})`,
  }
}

async function containsText(
  artifact: Artifact,
  columns: readonly Column[],
  isWanted: (text: string) => boolean,
): Promise<boolean> {
  if (columns.length === 0) return false
  const cells = columns.map(({ name }) => `${identifier(name)}::varchar`).join(', ')
  const { withConnection } = await import('./duckdb.ts')
  return withConnection('serial', new AbortController().signal, async (connection) => {
    const rows = parquetFile(await artifact.path())
    const result = await connection.stream(`select concat_ws(' ', ${cells}) from ${rows}`)
    for (let chunk = await result.fetchChunk(); chunk && chunk.rowCount > 0; chunk = await result.fetchChunk())
      if (chunk.getColumnValues(0).some((text) => typeof text === 'string' && isWanted(text))) return true
    return false
  })
}

async function sampleTable(artifact: Artifact, columns: readonly Column[], size: SampleSize): Promise<Sample> {
  const of = await relation(tablePart(artifact, columns)).count()
  const kept = Math.min(of, 'count' in size ? size.count : Math.round(size.share * of))
  const isTaken = await (await import('./sample.ts')).sampled('file_row_number', kept, of)
  const value = relation({
    relation: 'serial',
    columns,
    async text(into) {
      const names = columns.map(({ name }) => identifier(name)).join(', ')
      const rows = parquetFile(await artifact.path(), into, ', file_row_number = true')
      return `(select ${names} from ${rows} where ${isTaken})`
    },
  })
  return { value, kept, of }
}

async function previewTable(artifact: Artifact, columns: readonly Column[], limit: number): Promise<Preview> {
  const shown = await relation(tablePart(artifact, columns, `limit ${limit}`)).toArray()
  return {
    type: 'table',
    columns: columns.map(({ name, declared }) => ({ name, type: declared })),
    rows: shown.map((row) => columns.map(({ name }) => cellJson(row[name]))),
    total: await relation(tablePart(artifact, columns)).count(),
  }
}

function cellJson(value: unknown): Json {
  if (value instanceof Date) return value.toISOString()
  if (typeof value === 'bigint' || (typeof value === 'number' && !Number.isFinite(value))) return String(value)
  return value as Json
}

function hasColumns({ kind, schema }: KindDescription, wanted: readonly Column[]): boolean {
  if (kind !== 'table') return false
  const given = new Set((schema as { columns: Json[] }).columns.map((column) => canonical(column)))
  return wanted.every(({ name, declared }) => given.has(canonical([name, declared])))
}
