import { resolve } from 'node:path'
import type { DuckDBValue } from '@duckdb/node-api'
import { CairnError, type ConnectorContext } from '@cairn/kernel'
import { checkText } from '../check-text.ts'
import { versionWithLog } from './log-version.ts'
import {
  checkNames,
  integer,
  timestamp,
  unreadable,
  type Database,
  type SqlRow,
  type Times,
  type SqlValue,
} from './database.ts'

/**
 * A DuckDB file for `fromSql`. Its version is the SHA-256 of the file and of its write-ahead
 * log. A query can read nothing but the file. Integers are numbers, or bigints beyond 2^53;
 * decimals are strings; dates are strings such as `2001-02-03`; timestamps are Dates, and microseconds are refused.
 *
 * @param path relative to the project's folder, or absolute
 * @throws CairnError BAD_DEFINITION when `path` is not a text
 * @example
 * fromSql(duckdb('data/shop.duckdb'), 'select id, total from orders order by id')
 */
export function duckdb(path: string): Database {
  checkText(path, 'duckdb', `duckdb('data/shop.duckdb')`)
  return {
    name: path,
    version: (context) => versionWithLog(path, '.wal', context),
    rows: (context, query, values, times) => rows(path, context, query, values, times),
  }
}

async function* rows(
  path: string,
  { root, signal }: ConnectorContext,
  query: string,
  values: readonly SqlValue[],
  times: Times,
): AsyncGenerator<SqlRow> {
  const api = await import('@duckdb/node-api')
  const settings = { access_mode: 'READ_ONLY', threads: '1', enable_external_access: 'false' }
  const instance = await api.DuckDBInstance.create(resolve(root, path), settings).catch((cause: unknown) => {
    throw unreadable(path, cause)
  })
  const connection = await instance.connect()
  const stop = () => connection.interrupt()
  signal.addEventListener('abort', stop)
  const bound = values.map((value): DuckDBValue =>
    value instanceof Date ? new api.DuckDBTimestampValue(BigInt(value.getTime()) * 1000n) : value,
  )
  const valueOf = (value: DuckDBValue, column: string): unknown => {
    if (typeof value === 'bigint') return integer(value)
    if (value instanceof api.DuckDBTimestampValue || value instanceof api.DuckDBTimestampTZValue)
      return times === 'as Dates' ? timestamp(value.toString(), column) : value.toString()
    if (value instanceof api.DuckDBBlobValue) return value.bytes
    if (value instanceof api.DuckDBListValue || value instanceof api.DuckDBArrayValue)
      return value.items.map((item) => valueOf(item, column))
    if (value instanceof api.DuckDBStructValue)
      return Object.fromEntries(Object.entries(value.entries).map(([name, each]) => [name, valueOf(each, column)]))
    return typeof value === 'object' && value !== null ? String(value) : value
  }
  try {
    signal.throwIfAborted()
    await connection.run(`set timezone = 'UTC'`)
    const result = await connection.stream(query, bound)
    const names = result.columnNames()
    checkNames(names, path)
    for await (const some of result.yieldRows())
      for (const row of some)
        yield Object.fromEntries(names.map((name, at) => [name, valueOf(row[at] as DuckDBValue, name)]))
  } catch (cause) {
    signal.throwIfAborted()
    throw cause instanceof CairnError ? cause : unreadable(path, cause)
  } finally {
    signal.removeEventListener('abort', stop)
    connection.closeSync()
    instance.closeSync()
  }
}
