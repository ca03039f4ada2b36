import type { DuckDBConnection, DuckDBType, DuckDBValue } from '@duckdb/node-api'
import { NOT_UTF8 } from './csv-fault.ts'
import { refused } from './refused.ts'
import { CairnError } from '@cairn/kernel'
import { checkColumnNames } from './columns.ts'
import { BAD_TEXT } from './csv-cells.ts'
import { inspect } from './inspect.ts'
import type { SqlSource, SqlValue, Statement } from './sql-source.ts'

/** A query that has passed inspection, and its bound values. */
export interface Prepared {
  readonly text: string
  readonly values: Record<string, DuckDBValue>
  readonly types: Record<string, DuckDBType>
}

export async function prepare(connection: DuckDBConnection, source: SqlSource): Promise<Prepared> {
  const into: Statement = { values: {}, files: new Set(), reads: [] }
  let text = await source.text(into)
  if (!source.columns) {
    await inspect(connection, { text, files: into.files, parallel: source.relation === 'parallel' })
    for (const read of into.reads) {
      const exact = await read.exact(connection).catch(rethrow)
      text = text.replaceAll(read.text, () => exact)
    }
  }
  return { text, ...(await bindings(into.values)) }
}

/** Returns the types of a query's columns, by name. */
export async function describe(connection: DuckDBConnection, prepared: Prepared): Promise<Map<string, string>> {
  let rows: [string, string][]
  try {
    const { text, values, types } = prepared
    const result = await connection.runAndReadAll(`describe ${text}`, values, types)
    rows = result.getRows() as typeof rows
  } catch (cause) {
    throw queryError(cause)
  }
  checkColumnNames(
    rows.map(([name]) => name),
    'the query returns',
    'name the column: as …',
  )
  return new Map(rows)
}

function rethrow(cause: unknown): never {
  throw queryError(cause)
}

/** Translates DuckDB's error about a line of a CSV file. Leaves out its hints, which name options of DuckDB. */
function csvError(message: string): CairnError | undefined {
  const [, line] = /CSV Error on Line: (\d+)/.exec(message) ?? []
  if (line === undefined) return undefined
  const [, path = 'the CSV file'] = /^ {2}file = (.+)$/m.exec(message) ?? []
  const [, expected, found] = /Expected Number of Columns: (\d+) Found: (\d+)/.exec(message) ?? []
  const refuse = (what: string, next: string) => refused(path, Number(line), what, next)
  if (expected !== undefined)
    return refuse(
      `has ${found === '1' ? '1 cell' : `${found} cells`}, but there are ${expected} columns`,
      'correct the line; a cell that contains the delimiter must be quoted',
    )
  if (message.includes('not utf-8')) return refuse('is not valid UTF-8', NOT_UTF8)
  if (message.includes('unterminated quote'))
    return refuse('has an unclosed quote, or text after a closing quote', 'double a quote inside a cell')
  if (message.includes('Maximum line size'))
    return refuse('is longer than 2,000,000 bytes', 'store such long text in a separate file')
  return refuse('is not a valid CSV line', 'correct the line')
}

export function queryError(cause: unknown): unknown {
  if (cause instanceof CairnError) return cause
  const [message] = (cause as Error).message.split('\n\n') // DuckDB's hints follow
  if (message!.includes('bind parameter index'))
    return new CairnError('BAD_DEFINITION', 'a value is interpolated inside quotes or a comment of the query', {
      next: "concatenate it instead: like '%' || ${name}",
    })
  const csv = csvError((cause as Error).message)
  if (csv) return csv
  const [, cell] = message!.split(BAD_TEXT)
  if (cell !== undefined)
    return new CairnError('STEP_FAILED', cell, {
      next: 'declare another type, such as string: csv(file, { columns: { … } })',
    })
  return new CairnError('STEP_FAILED', `the query failed: ${message!.trim()}`, { cause })
}

async function bindings(given: Record<string, SqlValue>): Promise<Pick<Prepared, 'values' | 'types'>> {
  const duckdb = await import('@duckdb/node-api')
  const bind = (value: SqlValue): [DuckDBValue, DuckDBType] => {
    if (isList(value)) {
      if (value.length === 0) return [duckdb.listValue([]), duckdb.LIST(duckdb.VARCHAR)]
      if (value.every((item) => Number.isSafeInteger(item) && !Object.is(item, -0)))
        return [duckdb.listValue(value.map(toBigInt)), duckdb.LIST(duckdb.BIGINT)]
      if (value.every((item) => typeof item === 'number')) return [duckdb.listValue(value), duckdb.LIST(duckdb.DOUBLE)]
      return [duckdb.listValue(value.map((item) => bind(item)[0])), duckdb.LIST(bind(value[0]!)[1])]
    }
    if (value === null) return [null, duckdb.SQLNULL]
    if (value instanceof Date)
      return [new duckdb.DuckDBTimestampValue(BigInt(value.getTime()) * 1000n), duckdb.TIMESTAMP]
    if (typeof value === 'string') return [value, duckdb.VARCHAR]
    if (typeof value === 'boolean') return [value, duckdb.BOOLEAN]
    if (typeof value === 'bigint') return [value, duckdb.HUGEINT]
    if (Object.is(value, -0)) return [value, duckdb.DOUBLE]
    if ((value | 0) === value) return [value, duckdb.INTEGER]
    return Number.isSafeInteger(value) ? [BigInt(value), duckdb.BIGINT] : [value, duckdb.DOUBLE]
  }
  const bound = Object.entries(given).map(([name, value]) => [name, bind(value)] as const)
  return {
    values: Object.fromEntries(bound.map(([name, [value]]) => [name, value])),
    types: Object.fromEntries(bound.map(([name, [, type]]) => [name, type])),
  }
}

function isList(value: SqlValue): value is Extract<SqlValue, readonly unknown[]> {
  return Array.isArray(value)
}

function toBigInt(value: unknown): bigint {
  return BigInt(value as number)
}
