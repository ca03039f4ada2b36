import { resolve } from 'node:path'
import type { ConnectorContext } from '@cairn/kernel'
import { checkText } from '../check-text.ts'
import { versionWithLog } from './log-version.ts'
import { checkNames, integer, unreadable, type Database, type SqlRow, type SqlValue } from './database.ts'

/**
 * A SQLite file for `fromSql`, read with Node's own SQLite. Its version is the SHA-256 of the file and of its write-ahead
 * log. Integers are numbers, or bigints beyond 2^53; blobs are Uint8Arrays.
 *
 * @param path relative to the project's folder, or absolute
 * @throws CairnError BAD_DEFINITION when `path` is not a text
 * @example
 * fromSql(sqlite('data/shop.db'), 'select id, total from orders order by id')
 */
export function sqlite(path: string): Database {
  checkText(path, 'sqlite', `sqlite('data/shop.db')`)
  return {
    name: path,
    version: (context) => versionWithLog(path, '-wal', context),
    rows: (context, query, values) => rows(path, context, query, values),
  }
}

async function* rows(
  path: string,
  { root, signal }: ConnectorContext,
  query: string,
  values: readonly SqlValue[],
): AsyncGenerator<SqlRow> {
  const { DatabaseSync } = await import('node:sqlite')
  let database: InstanceType<typeof DatabaseSync> | undefined
  try {
    database = new DatabaseSync(resolve(root, path), { readOnly: true })
    const statement = database.prepare(query)
    statement.setReadBigInts(true)
    checkNames(
      statement.columns().map(({ name }) => name),
      path,
    )
    for (const row of statement.iterate(...values.map(bound))) {
      signal.throwIfAborted()
      yield Object.fromEntries(
        Object.entries(row).map(([name, value]) => [name, typeof value === 'bigint' ? integer(value) : value]),
      )
    }
  } catch (cause) {
    signal.throwIfAborted()
    throw unreadable(path, cause)
  } finally {
    database?.close()
  }
}

/** SQLite has neither booleans nor times: they are stored as 0 and 1, and as texts. */
function bound(value: SqlValue): string | number | bigint | null {
  if (typeof value === 'boolean') return value ? 1 : 0
  return value instanceof Date ? value.toISOString() : value
}
