import { open } from 'node:fs/promises'
import { resolve } from 'node:path'
import { CairnError } from '@cairn/kernel'
import { literal } from './column-sql.ts'
import type { Statement } from './sql-source.ts'

/*
 * The only ways by which a path reaches DuckDB. There, a path may be a pattern of many files, begin with `~` or with
 * `s3://`, add columns by folders called `year=2001`, or be unpacked because of its ending. Here it is one file.
 */

/** A Parquet file to select from. `into`: the statement that may then read it. */
export function parquetFile(path: string, into?: Statement, options = ''): string {
  return parquetFiles([path], into, options)
}

/** Parquet files of the same columns to select from. */
export function parquetFiles(paths: readonly string[], into?: Statement, options = ''): string {
  return `read_parquet(${allowed(paths, into)}, hive_partitioning = false${options})`
}

/** How DuckDB reads CSV files; whether they are packed is seen by their first bytes. */
export async function csvCalls(paths: readonly string[], into: Statement): Promise<CsvCalls> {
  const packed = [...new Set(await Promise.all(paths.map(compressionOf)))]
  if (packed.length > 1)
    throw new CairnError('BAD_DEFINITION', `CSV files read together are packed differently: ${packed.join(', ')}`, {
      next: 'read each with a csv(…) of its own',
    })
  const settings = ['hive_partitioning = false', `compression = ${literal(packed[0] ?? 'none')}`]
  return {
    read: (chosen, options) => `read_csv(${[allowed(chosen, into), ...settings, ...options].join(', ')})`,
    sniff: (path, options) => `sniff_csv(${[literal(pattern(path)), ...settings, ...options].join(', ')})`,
  }
}

export interface CsvCalls {
  read(paths: readonly string[], options: readonly string[]): string
  /** Finds out columns, their types, and the delimiter. */
  sniff(path: string, options: readonly string[]): string
}

/** Gives the columns of Parquet files. */
export function parquetSchema(path: string): string {
  return `parquet_schema(${allowed([path], undefined)})`
}

/** Where DuckDB is to write. */
export function targetFile(path: string): string {
  return literal(resolve(path))
}

function allowed(paths: readonly string[], into: Statement | undefined): string {
  const patterns = paths.map(pattern)
  for (const each of patterns) into?.files.add(each)
  return `[${patterns.map(literal).join(', ')}]`
}

/** A pattern that only this path fits. */
function pattern(path: string): string {
  const absolute = resolve(path)
  if (!/[*?[]/.test(absolute)) return absolute
  // No pattern fits a backslash beside one of these.
  if (absolute.includes('\\'))
    throw new CairnError('BAD_DEFINITION', `${path} has a backslash beside one of * ? [, so DuckDB cannot read it`, {
      next: 'rename the file or its folder',
    })
  return absolute.replaceAll(/[*?[]/g, (special) => `[${special}]`)
}

export async function compressionOf(path: string): Promise<'gzip' | 'zstd' | 'none'> {
  const file = await open(path).catch((cause: Error) => {
    throw new CairnError('STEP_FAILED', `${path} cannot be read: ${cause.message}`, { cause })
  })
  try {
    const { buffer } = await file.read(Buffer.alloc(4), 0, 4, 0)
    if (buffer.readUInt16BE() === 0x1f8b) return 'gzip'
    return buffer.readUInt32LE() === 0xfd2fb528 ? 'zstd' : 'none'
  } finally {
    await file.close()
  }
}
