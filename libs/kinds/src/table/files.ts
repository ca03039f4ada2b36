import type { LocalFile } from '@cairn/kernel'
import type { StoredFile } from '../file.ts'
import { literal, storedType } from './column-sql.ts'
import { csvFiles, parquetFiles } from './duckdb-path.ts'
import { readColumns, type Columns } from './columns.ts'
import { SQL, type SqlPart, type Statement } from './relation.ts'

/** A path, what a source has read, or what a step has received as `file()`. */
export type ReadableFile = string | LocalFile | StoredFile

/** A Parquet file, or several of the same columns, to be read in a query. */
export function parquet(file: ReadableFile | readonly ReadableFile[]): SqlPart {
  return filePart(file, parquetFiles)
}

export interface CsvOptions {
  /** Default: found out from the file. */
  readonly columns?: Columns
  readonly header?: boolean
  readonly delimiter?: string
  /** What stands for a missing value. Default: nothing between two delimiters. */
  readonly nulls?: readonly string[]
}

/** A CSV file, or several of the same columns, to be read in a query. */
export function csv(file: ReadableFile | readonly ReadableFile[], options: CsvOptions = {}): SqlPart {
  const { columns, header, delimiter, nulls } = options
  const types = columns && readColumns(columns).map((column) => `${literal(column.name)}: '${storedType(column)}'`)
  const settings = [
    ...(types ? [`columns = {${types.join(', ')}}`] : []),
    ...(header === undefined ? [] : [`header = ${header}`]),
    ...(delimiter === undefined ? [] : [`delim = ${literal(delimiter)}`]),
    ...(nulls ? [`nullstr = [${nulls.map(literal).join(', ')}]`] : []),
  ]
  return filePart(file, (paths, into) => csvFiles(paths, into, settings))
}

function filePart(
  file: ReadableFile | readonly ReadableFile[],
  call: (paths: readonly string[], into: Statement) => string | Promise<string>,
): SqlPart {
  const files = Array.isArray(file) ? (file as readonly ReadableFile[]) : [file as ReadableFile]
  return { [SQL]: { text: async (into) => call(await Promise.all(files.map(pathOf)), into) } }
}

async function pathOf(file: ReadableFile): Promise<string> {
  if (typeof file === 'string') return file
  return typeof file.path === 'function' ? file.path() : file.path
}
