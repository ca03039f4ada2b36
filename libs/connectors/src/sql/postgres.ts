import type { FieldDef } from 'pg'
import { CairnError, type ConnectorContext } from '@cairn/kernel'
import { checkText } from '../check-text.ts'
import {
  checkNames,
  installed,
  integer,
  timestamp,
  unreadable,
  type Database,
  type SqlRow,
  type Times,
} from './database.ts'

/** Rows that are fetched at a time. */
const BATCH = 1_000
const CONNECT_MS = 10_000

/**
 * A PostgreSQL database for `fromSql`. Needs the packages `pg` and `pg-cursor`. Each query sees one snapshot, and cannot
 * change anything. The time zone is UTC.
 *
 * | in PostgreSQL | in JavaScript |
 * |---|---|
 * | `smallint` `integer` `oid` `real` `double precision` | number |
 * | `bigint` | number, or bigint beyond 2^53 |
 * | `numeric` | string, as it may have more digits than a number; cast it in the query for a number |
 * | `boolean` | boolean |
 * | `date` | string such as `2001-02-03` |
 * | `timestamp` `timestamptz` | Date; microseconds are refused |
 * | `json` `jsonb` | parsed |
 * | `bytea` | Uint8Array |
 * | others | the text that PostgreSQL prints |
 *
 * @param secret name of the secret with the connection string, such as `postgres://user:password@host:5432/database`.
 *   The source must declare it in `secrets`
 * @throws CairnError BAD_DEFINITION when `secret` is not a name
 * @example
 * fromSql(postgres('SHOP_DATABASE'), 'select id, total from orders order by id')
 */
export function postgres(secret: string): Database {
  checkText(secret, 'postgres', `postgres('SHOP_DATABASE')`)
  if (/[:/@ ]/.test(secret))
    throw new CairnError('BAD_DEFINITION', 'postgres takes the name of a secret, not a connection string', {
      next: `for example postgres('SHOP_DATABASE') with secrets: ['SHOP_DATABASE'], and cairn secrets to set it`,
    })
  return {
    name: `the PostgreSQL database of ${secret}`,
    rows: (context, query, values, times) => rows(secret, context, query, values, times),
  }
}

async function* rows(
  secret: string,
  { secrets, signal }: ConnectorContext,
  query: string,
  values: readonly unknown[],
  times: Times,
): AsyncGenerator<SqlRow> {
  const name = `the PostgreSQL database of ${secret}`
  const connectionString = secrets[secret]
  if (connectionString === undefined)
    throw new CairnError('SOURCE_UNREACHABLE', `the source does not declare the secret ${secret}`, {
      next: `add secrets: ['${secret}'] to the source`,
    })
  const { default: pg } = await installed(() => import('pg'), 'pg')
  const { default: Cursor } = await installed(() => import('pg-cursor'), 'pg-cursor')
  const client = new pg.Client({
    connectionString,
    connectionTimeoutMillis: CONNECT_MS,
    options: '-c timezone=UTC -c datestyle=ISO -c default_transaction_read_only=on -c extra_float_digits=1',
    application_name: 'cairn',
  })
  client.on('error', () => {}) // the query fails, too
  const stop = () => (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy()
  signal.addEventListener('abort', stop)
  let isRead = false
  try {
    signal.throwIfAborted()
    await client.connect()
    await client.query('begin isolation level repeatable read read only')
    const types = { getTypeParser: () => (text: string) => text }
    const cursor = client.query(new Cursor(query, values as unknown[], { rowMode: 'array', types }))
    const read = () =>
      new Promise<{ rows: (string | null)[][]; fields: FieldDef[] }>((done, failed) =>
        // After an error, there is no result, whatever the types say.
        cursor.read(BATCH, (error: Error | undefined, found: unknown, result?: { fields: FieldDef[] }) =>
          error ? failed(error) : done({ rows: found as (string | null)[][], fields: result?.fields ?? [] }),
        ),
      )
    for (let isFirst = true; ; isFirst = false) {
      const { rows, fields } = await read()
      if (isFirst)
        checkNames(
          fields.map(({ name }) => name),
          name,
        )
      for (const row of rows)
        yield Object.fromEntries(fields.map((field, at) => [field.name, valueOf(row[at] ?? null, field, times)]))
      isRead = rows.length < BATCH
      if (isRead) return
    }
  } catch (cause) {
    signal.throwIfAborted()
    throw unreadable(name, cause)
  } finally {
    signal.removeEventListener('abort', stop)
    if (!isRead) stop() // rows that nobody wants are not fetched
    await client.end().catch(() => {})
  }
}

/** Types by their `oid`: https://www.postgresql.org/docs/current/catalog-pg-type.html */
function valueOf(text: string | null, { dataTypeID, name }: FieldDef, times: Times): unknown {
  if (text === null) return null
  switch (dataTypeID) {
    case 16:
      return text === 't'
    case 17:
      return Buffer.from(text.slice(2), 'hex')
    case 20:
      return integer(BigInt(text))
    case 21:
    case 23:
    case 26:
    case 700:
    case 701:
      return Number(text)
    case 114:
    case 3802:
      return JSON.parse(text)
    case 1114:
    case 1184:
      return times === 'as Dates' ? timestamp(text, name) : text
    default:
      return text
  }
}
