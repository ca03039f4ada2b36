import { open } from 'node:fs/promises'
import { resolve } from 'node:path'
import { CairnError } from '@cairn/kernel'
import { literal } from './column-sql.ts'
import type { Statement } from './sql-source.ts'

/*
 * All paths reach DuckDB through these functions, which make each path mean one local file. DuckDB itself expands
 * patterns and `~`, reads `s3://`, adds columns for folders such as `year=2001`, and decompresses by file extension.
 */

/** SQL that reads a Parquet file. Allows the statement `into` to read it. */
export function parquetFile(path: string, into?: Statement, options = ''): string {
  return parquetFiles([path], into, options)
}

/** SQL that reads Parquet files with the same columns. */
export function parquetFiles(paths: readonly string[], into?: Statement, options = ''): string {
  return `read_parquet(${allowed(paths, into)}, hive_partitioning = false${options})`
}

/** SQL that reads CSV files. Their first bytes tell whether they are compressed. */
export async function csvCalls(paths: readonly string[], into: Statement): Promise<CsvCalls> {
  const packed = [...new Set(await Promise.all(paths.map(compressionOf)))]
  if (packed.length > 1)
    throw new CairnError('BAD_DEFINITION', `the CSV files use different compressions: ${packed.join(', ')}`, {
      next: 'read each file with its own csv(…)',
    })
  const settings = ['hive_partitioning = false', `compression = ${literal(packed[0] ?? 'none')}`]
  return {
    read: (chosen, options) => `read_csv(${[allowed(chosen, into), ...settings, ...options].join(', ')})`,
    sniff: (path, options) => `sniff_csv(${[literal(pattern(path)), ...settings, ...options].join(', ')})`,
  }
}

export interface CsvCalls {
  read(paths: readonly string[], options: readonly string[]): string
  /** Detects the columns, their types, and the delimiter. */
  sniff(path: string, options: readonly string[]): string
}

/** SQL that returns the columns of a Parquet file. */
export function parquetSchema(path: string): string {
  return `parquet_schema(${allowed([path], undefined)})`
}

/** The SQL text of a path to which DuckDB writes. */
export function targetFile(path: string): string {
  return literal(resolve(path))
}

function allowed(paths: readonly string[], into: Statement | undefined): string {
  const patterns = paths.map(pattern)
  for (const each of patterns) into?.files.add(each)
  return `[${patterns.map(literal).join(', ')}]`
}

/** A pattern that matches only this path. */
function pattern(path: string): string {
  const absolute = resolve(path)
  if (!/[*?[]/.test(absolute)) return absolute
  // No pattern matches a backslash together with one of these characters.
  if (absolute.includes('\\'))
    throw new CairnError('BAD_DEFINITION', `${path} has a backslash next to one of * ? [, so DuckDB cannot read it`, {
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
