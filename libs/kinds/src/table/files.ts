import type { LocalFile } from '@cairn/kernel'
import type { StoredFile } from '../file.ts'
import { literal, storedType } from './column-sql.ts'
import { csvReader, parquetFiles, parquetSchema } from './duckdb-path.ts'
import type { ReadFiles } from './file-columns.ts'
import { readColumns, type ColumnList, type Columns } from './columns.ts'
import { SQL, type SqlPart, type Statement } from './relation.ts'

/** A path, what a source has read, or what a step has received as `file()`. */
export type ReadableFile = string | LocalFile | StoredFile

/** A Parquet file, or several of the same columns, to be read in a query. */
export function parquet(file: ReadableFile | readonly ReadableFile[]): SqlPart {
  return filePart(file, async (paths, into) => {
    const call = parquetFiles(paths, into)
    return { call, schemas: paths.map(parquetSchema) }
  })
}

export interface CsvOptions {
  /** All columns of the file, in its order. Default: found out from the file. */
  readonly columns?: Columns | ColumnList
  readonly header?: boolean
  readonly delimiter?: string
  /** What stands for a missing value, in quotes or not. Default: nothing between two delimiters. */
  readonly nulls?: readonly string[]
  /** How many lines come before the header or the first row. Default 0. */
  readonly skip?: number
}

/** A CSV file, or several of the same columns, to be read in a query. */
export function csv(file: ReadableFile | readonly ReadableFile[], options: CsvOptions = {}): SqlPart {
  const { columns: given, header, delimiter, nulls, skip = 0 } = options
  const columns = given && readColumns(given)
  const types = columns?.map((column) => `${literal(column.name)}: '${storedType(column)}'`)
  // DuckDB would leave out lines at the start that have fewer cells, and those that look like comments.
  const lines = [
    `skip = ${skip}`,
    `comment = ''`,
    ...(delimiter === undefined ? [] : [`delim = ${literal(delimiter)}`]),
  ]
  const settings = [
    ...lines,
    ...(types ? [`columns = {${types.join(', ')}}`] : []),
    ...(header === undefined ? [] : [`header = ${header}`]),
    ...(nulls ? [`nullstr = [${nulls.map(literal).join(', ')}]`] : []),
  ]
  return filePart(file, async (paths, into) => {
    const read = await csvReader(paths, into)
    const raw = (path: string) => read([path], [...lines, 'header = false', 'all_varchar = true'])
    return {
      call: read(paths, settings),
      ...(header !== false && { headers: paths.map(raw) }),
      ...(columns && { declared: columns.map(({ name }) => name) }),
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
    // As a query, so that it has no columns beside those of the file: `filename` tells where the file lies.
    return `(select * from ${found.call})`
  }
  return { [SQL]: { text } }
}

async function pathOf(file: ReadableFile): Promise<string> {
  if (typeof file === 'string') return file
  return typeof file.path === 'function' ? file.path() : file.path
}
