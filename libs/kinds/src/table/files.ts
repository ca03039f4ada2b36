import { checkNoOptions, checkOptions, takes, type LocalFile, type Options } from '@cairn/kernel'
import type { StoredFile } from '../file.ts'
import { literal } from './column-sql.ts'
import { exactCsv } from './csv-files.ts'
import { csvCalls, parquetFiles } from './duckdb-path.ts'
import { inUtf8 } from './encoding.ts'
import { readColumns, type ColumnList, type Columns } from './columns.ts'
import { checkParquetFiles } from './parquet-files.ts'
import { SQL, type SqlPart } from './relation.ts'
import type { ReadFiles, Statement } from './sql-source.ts'

/** A file for a query: a path, a file from a source, or an input of the kind `file`. */
export type ReadableFile = string | LocalFile | StoredFile

/**
 * Reads a Parquet file in a query, or several files with the same columns and types.
 *
 * @example
 * sql`select origin, count(*) as flights from ${parquet(file)} group by origin order by origin`
 */
export function parquet(file: ReadableFile | readonly ReadableFile[]): SqlPart
export function parquet(file: ReadableFile | readonly ReadableFile[], ...more: readonly unknown[]): SqlPart {
  checkNoOptions(more, 'parquet')
  return filePart(file, async (paths, into) => {
    const text = `(select * from ${parquetFiles(paths, into)})`
    return { text, exact: (connection) => checkParquetFiles(connection, paths).then(() => text) }
  })
}

/** How a CSV file is written. */
export interface CsvOptions {
  /** All columns of the file, in its order. @default detected from the file */
  readonly columns?: Columns | ColumnList
  /** Whether the first line is a header. @default true, unless it names none of the declared `columns` */
  readonly header?: boolean
  /** The character between cells. @default detected from the file */
  readonly delimiter?: string
  /** The character that may enclose a cell. Inside, it is written twice. @default '"' */
  readonly quote?: string
  /** Texts that mean null, quoted or not. @default an empty cell without quotes */
  readonly nulls?: readonly string[]
  /** The number of lines before the header or the first row. @default 0 */
  readonly skip?: number
  /** The character before the decimals of numbers. With `,`, a number with a point is refused. @default '.' */
  readonly decimal?: '.' | ','
  /** How dates are written, in DuckDB's notation, such as `%d.%m.%Y`. @default year, month, day, such as 2001-02-03 */
  readonly dates?: string
  /** How timestamps are written, such as `%d.%m.%Y %H:%M:%S`. @default such as 2001-02-03 04:05:06 */
  readonly timestamps?: string
  /** The encoding of the text, such as `windows-1252` or `utf-16`. The file is converted first. @default 'utf-8' */
  readonly encoding?: string
}

const CSV: Options = {
  columns: takes.what(
    `an object of column types, for example { delay: 'int32?' }`,
    (value) => typeof value === 'object',
  ),
  header: takes.flag,
  delimiter: takes.text,
  quote: takes.text,
  nulls: takes.texts,
  skip: takes.whole(0),
  decimal: takes.what(`'.' or ','`, (value) => value === '.' || value === ','),
  dates: takes.text,
  timestamps: takes.text,
  encoding: takes.text,
}

/**
 * Reads a CSV file in a query, or several files with the same columns. No cell is rounded or truncated.
 *
 * @throws CairnError BAD_DEFINITION for an unknown option
 * @throws CairnError STEP_FAILED when the query runs and a cell is not a value of its column's type
 * @example
 * sql`select origin, delay from ${csv(file, { columns: { origin: 'string', delay: 'int32?' } })} order by all`
 */
export function csv(file: ReadableFile | readonly ReadableFile[], options: CsvOptions = {}): SqlPart {
  checkOptions(options, CSV, 'csv')
  const { columns: given, header, delimiter, quote = '"', nulls, skip = 0, encoding } = options
  const { decimal, dates, timestamps } = options
  const formats = { decimal, dates, timestamps }
  const columns = given && readColumns(given)
  // Without these options, DuckDB skips leading lines with fewer cells and lines that look like comments. If the first
  // rows have no quotes, it reads later quotes as a part of the cell.
  const written = [
    `skip = ${skip}`,
    `comment = ''`,
    `quote = ${literal(quote)}`,
    `escape = ${literal(quote)}`,
    ...(delimiter === undefined ? [] : [`delim = ${literal(delimiter)}`]),
    ...(nulls ? [`nullstr = [${nulls.map(literal).join(', ')}]`] : []),
    ...(decimal === undefined ? [] : [`decimal_separator = ${literal(decimal)}`]),
    ...(dates === undefined ? [] : [`dateformat = ${literal(dates)}`]),
    ...(timestamps === undefined ? [] : [`timestampformat = ${literal(timestamps)}`]),
  ]
  return filePart(file, async (originals, into) => {
    const isUtf8 = encoding === undefined || /^utf-?8$/i.test(encoding)
    const paths = isUtf8 ? originals : await Promise.all(originals.map((path) => inUtf8(path, encoding)))
    const calls = await csvCalls(paths, into)
    return {
      text: `(select * from ${calls.read(paths, written)})`,
      exact: async (connection) => {
        const dialect = { delimiter, quote, skip }
        return `(${await exactCsv(connection, { paths, calls, options: written, columns, header, dialect, formats })})`
      },
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
