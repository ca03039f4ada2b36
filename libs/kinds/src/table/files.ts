import { checkNoOptions, checkOptions, takes, type LocalFile, type Options } from '@cairn/kernel'
import type { StoredFile } from '../file.ts'
import { literal } from './column-sql.ts'
import { exactCsv } from './csv-files.ts'
import { csvCalls, parquetFiles } from './duckdb-path.ts'
import { readColumns, type ColumnList, type Columns } from './columns.ts'
import { checkParquetFiles } from './parquet-files.ts'
import { SQL, type SqlPart } from './relation.ts'
import type { ReadFiles, Statement } from './sql-source.ts'

/** A path, what a source has read, or what a step has received as `file()`. */
export type ReadableFile = string | LocalFile | StoredFile

/** A Parquet file, or several of the same columns and types, to be read in a query. */
export function parquet(file: ReadableFile | readonly ReadableFile[]): SqlPart
export function parquet(file: ReadableFile | readonly ReadableFile[], ...more: readonly unknown[]): SqlPart {
  checkNoOptions(more, 'parquet')
  return filePart(file, async (paths, into) => {
    const text = `(select * from ${parquetFiles(paths, into)})`
    return { text, exact: (connection) => checkParquetFiles(connection, paths).then(() => text) }
  })
}

export interface CsvOptions {
  /** All columns of the file, in its order. Default: found out from the file. */
  readonly columns?: Columns | ColumnList
  /** Whether the first line is a header. Default: it is, unless `columns` are declared that it does not name. */
  readonly header?: boolean
  /** Default: found out from the file. */
  readonly delimiter?: string
  /** What cells may be put in; inside, two of it stand for one. Default `"`. */
  readonly quote?: string
  /** What stands for a missing value, in quotes or not. Default: nothing between two delimiters. */
  readonly nulls?: readonly string[]
  /** How many lines come before the header or the first row. Default 0. */
  readonly skip?: number
}

const CSV: Options = {
  columns: takes.what(`columns with their types, as in { delay: 'int32?' }`, (value) => typeof value === 'object'),
  header: takes.flag,
  delimiter: takes.text,
  quote: takes.text,
  nulls: takes.texts,
  skip: takes.whole(0),
}

/**
 * A CSV file, or several of the same columns, to be read in a query. A cell that is no value of its column's type ends
 * the query; none is rounded or cut.
 */
export function csv(file: ReadableFile | readonly ReadableFile[], options: CsvOptions = {}): SqlPart {
  checkOptions(options, CSV, 'csv')
  const { columns: given, header, delimiter, quote = '"', nulls, skip = 0 } = options
  const columns = given && readColumns(given)
  // DuckDB would leave out lines at the start that have fewer cells, and those that look like comments; and a quote
  // that the first rows do not have would be part of the cell.
  const written = [
    `skip = ${skip}`,
    `comment = ''`,
    `quote = ${literal(quote)}`,
    `escape = ${literal(quote)}`,
    ...(delimiter === undefined ? [] : [`delim = ${literal(delimiter)}`]),
    ...(nulls ? [`nullstr = [${nulls.map(literal).join(', ')}]`] : []),
  ]
  return filePart(file, async (paths, into) => {
    const calls = await csvCalls(paths, into)
    return {
      text: `(select * from ${calls.read(paths, written)})`,
      exact: async (connection) =>
        `(${await exactCsv(connection, { paths, calls, options: written, columns, header, dialect: { delimiter, quote, skip } })})`,
    }
  })
}

function filePart(
  file: ReadableFile | readonly ReadableFile[],
  read: (paths: readonly string[], into: Statement) => Promise<ReadFiles>,
): SqlPart {
  const files = Array.isArray(file) ? (file as readonly ReadableFile[]) : [file as ReadableFile]
  const text = async (into: Statement) => {
    const found = await read(await Promise.all(files.map(pathOf)), into)
    into.reads.push(found)
    return found.text
  }
  return { [SQL]: { text } }
}

async function pathOf(file: ReadableFile): Promise<string> {
  if (typeof file === 'string') return file
  return typeof file.path === 'function' ? file.path() : file.path
}
