import { createHash } from 'node:crypto'
import { CairnError, checkOptions, shown, takes, type Connector, type ConnectorContext } from '@cairn/kernel'
import { checkText } from '../check-text.ts'
import type { Database, SqlRow, SqlValue } from './database.ts'

/** Options of {@link fromSql}. */
export interface SqlOptions {
  /** Values of the parameters of the query: `$1` in PostgreSQL and DuckDB, `?` in SQLite. @default none */
  readonly values?: readonly SqlValue[]
  /**
   * A query with one row that changes whenever the result of the main query changes, such as
   * `select max(changed_at), count(*) from orders`. Its row is the version, so that planning need not read the data.
   *
   * @default for a file, its SHA-256; for a server, the SHA-256 of the result, which planning reads
   */
  readonly watermark?: string
}

/**
 * Connects a source to the result of an SQL query. The body receives the rows as an async iterable, which a `table`
 * accepts as it is, and whose columns it checks. Order the rows in the query (`order by`): another order counts as a change.
 *
 * @param database `postgres(secret)`, `sqlite(path)` or `duckdb(path)`
 * @throws CairnError BAD_DEFINITION for wrong arguments or options
 * @throws CairnError SOURCE_UNREACHABLE when a run is planned, and the database or the query fails
 * @example
 * source('load-orders', {
 *   secrets: ['SHOP_DATABASE'],
 *   reads: {
 *     orders: fromSql(postgres('SHOP_DATABASE'), 'select id, total from orders where day >= $1 order by id', {
 *       values: ['2026-01-01'],
 *       watermark: 'select max(changed_at), count(*) from orders',
 *     }),
 *   },
 *   outputs: { orders: table({ id: 'int64', total: 'float64' }) },
 *   run: ({ orders }) => ({ orders }),
 * })
 */
export function fromSql<Row = any>(
  database: Database,
  query: string,
  options: SqlOptions = {},
): Connector<AsyncIterable<Row>> {
  if (typeof (database as Partial<Database> | null)?.rows !== 'function')
    throw new CairnError('BAD_DEFINITION', `fromSql takes a database first, not ${shown(database)}`, {
      next: `for example fromSql(postgres('SHOP_DATABASE'), 'select …')`,
    })
  checkText(query, 'fromSql', `fromSql(sqlite('data/shop.db'), 'select id, total from orders order by id')`)
  const isList = (value: unknown) => Array.isArray(value) && value.every(isSqlValue)
  checkOptions(
    options,
    { values: takes.what('a list of texts, numbers, booleans, Dates and nulls', isList), watermark: takes.text },
    'fromSql',
  )
  const { values = [], watermark } = options
  return {
    name: database.name,
    async version(context) {
      if (watermark !== undefined) return markOf(await only(database, context, watermark))
      const content = await database.version?.(context)
      if (content !== undefined && !DEPENDS_ON_MORE.test(query)) return content
      if (content === undefined && context.hasCachePolicy) return undefined
      const hash = createHash('sha256')
      for await (const row of database.rows(context, query, values, 'as texts')) hash.update(`${markOf(row)}\n`)
      return `sha256 ${hash.digest('hex')}`
    },
    open: (context) => ({
      // Each iteration runs the query, so that a second one is not empty.
      [Symbol.asyncIterator]: () =>
        database.rows(context, query, values, 'as Dates')[Symbol.asyncIterator]() as AsyncIterator<Row>,
    }),
  }
}

/**
 * Functions whose result depends on more than the content of the database, such as the clock. The result of a query that
 * may use one is read to tell its version. A column with such a name costs no more than that.
 */
const DEPENDS_ON_MORE =
  /\b(now|today|current_\w+|local(time|timestamp)\w*|get_current_\w+|date|time|datetime|julianday|strftime|unixepoch|timediff|age|random\w*|gen_random_uuid|uuid\w*|changes|total_changes|last_insert_rowid|getenv|version|sqlite_version)\b/i

async function only(database: Database, context: ConnectorContext, watermark: string): Promise<SqlRow> {
  const rows: SqlRow[] = []
  for await (const row of database.rows(context, watermark, [], 'as texts')) if (rows.push(row) > 1) break
  if (rows.length === 1) return rows[0]!
  const many = rows.length === 0 ? 'no row' : 'several rows'
  throw new CairnError('BAD_DEFINITION', `the watermark of ${database.name} returns ${many}, not one`, {
    next: 'use aggregates: select max(changed_at), count(*) from …',
  })
}

/** A text that differs for different rows. */
function markOf(row: SqlRow): string {
  return JSON.stringify(Object.entries(row).map(([name, value]) => [name, marked(value)]))
}

function marked(value: unknown): unknown {
  if (typeof value === 'bigint') return { bigint: String(value) }
  if (typeof value === 'number' && !Number.isFinite(value)) return { number: String(value) }
  if (value instanceof Date) return { time: value.toISOString() }
  if (value instanceof Uint8Array) return { bytes: Buffer.from(value).toString('base64') }
  return value
}

function isSqlValue(value: unknown): value is SqlValue {
  if (value === null || value instanceof Date) return true
  return ['string', 'number', 'bigint', 'boolean'].includes(typeof value)
}
