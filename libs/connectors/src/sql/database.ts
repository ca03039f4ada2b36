import { CairnError, type ConnectorContext } from '@cairn/kernel'

/** A value that a query is given for a parameter. */
export type SqlValue = string | number | bigint | boolean | Date | null
/** A row of a result, by column. */
export type SqlRow = Readonly<Record<string, unknown>>

export type Times = 'as Dates' | 'as texts'

/** What `fromSql` reads from. Created by `postgres`, `sqlite` or `duckdb`. */
export interface Database {
  /** The name that people see. It contains no password. */
  readonly name: string
  /** The version of all its content, if that is cheap to tell: the digest of a file. */
  version?(context: ConnectorContext): Promise<string>
  /**
   * Runs a query that only reads. The rows arrive while the database still reads.
   *
   * @param times whether timestamps become Dates, or stay texts with all their digits
   */
  rows(context: ConnectorContext, query: string, values: readonly SqlValue[], times: Times): AsyncIterable<SqlRow>
}

/** Names the columns of a result. @throws CairnError BAD_DEFINITION when two have the same name */
export function checkNames(names: readonly string[], name: string): void {
  const twice = names.find((name, at) => names.indexOf(name) !== at)
  if (twice !== undefined)
    throw new CairnError('BAD_DEFINITION', `the query of ${name} returns two columns with the name "${twice}"`, {
      next: `rename one: select … as ${twice}_2`,
    })
}

/** A 64-bit integer as a number, if a number can hold it exactly. */
export function integer(value: bigint): number | bigint {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

const TIMESTAMP = /^(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(Z|[+-]\d\d(?::?\d\d)?(?::\d\d)?)?$/

/**
 * Reads a timestamp. One without an offset is in UTC.
 *
 * @throws CairnError BAD_OUTPUT for one that a JavaScript Date cannot hold: with microseconds, infinite, or before year 0
 */
export function timestamp(text: string, column: string): Date {
  const [, year, month, day, hour, minute, second, fraction = '', offset = 'Z'] = TIMESTAMP.exec(text) ?? []
  const zone = /^[+-]\d\d$/.test(offset) ? `${offset}:00` : offset
  const milliseconds = fraction.slice(0, 3).padEnd(3, '0')
  const date = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}.${milliseconds}${zone}`)
  if (year !== undefined && !/[1-9]/.test(fraction.slice(3)) && !Number.isNaN(date.getTime())) return date
  throw new CairnError(
    'BAD_OUTPUT',
    `column "${column}" has the time ${text}, which has no exact value in milliseconds`,
    {
      next: `round it in the query: date_trunc('milliseconds', ${column}), or select it as a text`,
    },
  )
}

/** Imports a package that a project installs only if it needs it. */
export async function installed<Module>(load: () => Promise<Module>, name: string): Promise<Module> {
  try {
    return await load()
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw cause
    throw new CairnError('SOURCE_UNREACHABLE', `the package ${name} is not installed`, {
      cause,
      next: `npm install ${name}`,
    })
  }
}

/** An error of a database, without the connection string. */
export function unreadable(name: string, cause: unknown): CairnError {
  if (cause instanceof CairnError) return cause
  const { message, code } = cause as Error & { readonly code?: string }
  return new CairnError('SOURCE_UNREACHABLE', `cannot read from ${name}: ${message || (code ?? 'no reason given')}`, {
    cause,
  })
}
