import { inspect } from 'node:util'
import type { DuckDBValue } from '@duckdb/node-api'
import { CairnError } from '@cairn/kernel'
import { identifier } from './column-sql.ts'
import type { Column } from './columns.ts'

/** How values of a type are copied from JavaScript to DuckDB. */
interface Staging {
  readonly expects: string
  readonly duckdb: 'BOOLEAN' | 'BIGINT' | 'DOUBLE' | 'VARCHAR'
  /** Converts a value for DuckDB; returns undefined for a value of another type. */
  stage(value: unknown): DuckDBValue | undefined
  /** Converts a number from `columnsOf` or Arrow: 0 and 1, days, milliseconds. */
  stageNumber?(value: unknown): DuckDBValue | undefined
  /** The SQL conversion after the copy, if one is needed, and its type. */
  readonly then?: { readonly type: string; sql(staged: string): string }
}

const whole: Staging = {
  expects: 'an integer',
  duckdb: 'DOUBLE', // faster to fill than BIGINT, which needs a bigint for each value
  stage: safe,
  stageNumber: (value) => (typeof value === 'bigint' ? safe(Number(value)) : undefined),
  then: { type: 'BIGINT', sql: (staged) => `${staged}::bigint` },
}
const floating: Staging = {
  expects: 'a number',
  duckdb: 'DOUBLE',
  stage: (value) => (typeof value === 'number' ? value : undefined),
  stageNumber: (value) => (typeof value === 'bigint' && BigInt(Number(value)) === value ? Number(value) : undefined),
}

const STAGING: Record<Column['type'], Staging> = {
  bool: {
    expects: 'a boolean',
    duckdb: 'BOOLEAN',
    stage: (value) => (typeof value === 'boolean' ? value : undefined),
    stageNumber: (value) => (value === 0 || value === 1 ? value === 1 : undefined),
  },
  int8: whole,
  int16: whole,
  int32: whole,
  int64: whole,
  uint8: whole,
  uint16: whole,
  uint32: whole,
  bigint: {
    expects: 'a 64-bit bigint',
    duckdb: 'BIGINT',
    stage: (value) => (typeof value === 'bigint' && BigInt.asIntN(64, value) === value ? value : undefined),
  },
  float32: floating,
  float64: floating,
  string: {
    expects: 'a string of valid Unicode',
    duckdb: 'VARCHAR',
    stage: (value) => (typeof value === 'string' && value.isWellFormed() ? value : undefined),
  },
  date: {
    expects: 'a date such as "2001-12-31"',
    duckdb: 'DOUBLE',
    stage: (value) => (typeof value === 'string' ? daysOf(value) : undefined),
    stageNumber: (value) => (Math.abs(safe(value) ?? Infinity) < 10_000_000 ? safe(value) : undefined),
    then: { type: 'DATE', sql: (staged) => `date '1970-01-01' + ${staged}::integer` },
  },
  timestamp: {
    expects: 'a valid Date',
    duckdb: 'DOUBLE',
    stage: (value) => (value instanceof Date && !Number.isNaN(value.getTime()) ? value.getTime() : undefined),
    stageNumber: safe,
    then: { type: 'TIMESTAMP', sql: (staged) => `epoch_ms(${staged}::bigint)` },
  },
}

export function stagedType({ type }: Column): Staging['duckdb'] {
  return STAGING[type].duckdb
}

/** Makes the conversion of a column, which throws BAD_OUTPUT for a wrong type. SQL checks nulls and ranges later. */
export function stager(column: Column, numbers: boolean): (value: unknown, row: number) => DuckDBValue {
  const staging = STAGING[column.type]
  return (value, row) => {
    if (value === null) return null
    const staged = staging.stage(value) ?? (numbers ? staging.stageNumber?.(value) : undefined)
    if (staged !== undefined) return staged
    const at = `column "${column.name}", row ${row}:`
    if (value === undefined) throw new CairnError('BAD_OUTPUT', `${at} is missing`)
    throw (
      (staging === whole && wholeError(at, value, column)) ||
      new CairnError('BAD_OUTPUT', `${at} is ${show(value)}, not ${staging.expects}`)
    )
  }
}

export function unstagedCell({ name, type }: Column): string {
  const staged = identifier(name)
  return `${STAGING[type].then?.sql(staged) ?? staged} as ${staged}`
}

export function unstagedType({ type }: Column): string {
  return STAGING[type].then?.type ?? STAGING[type].duckdb
}

/** The error for an integer that cannot be staged: it is too large, or a bigint where a number is declared. */
function wholeError(at: string, value: unknown, { type, nullable }: Column): CairnError | undefined {
  if (typeof value !== 'bigint' && !Number.isInteger(value)) return undefined
  const isLarge = safe(Number(value)) === undefined
  const why = isLarge ? 'too large for an exact number (limit 2^53)' : 'a bigint'
  const asBigint = `declare the column "bigint${nullable ? '?' : ''}" and return a bigint`
  const next =
    typeof value === 'bigint' && !isLarge
      ? `return Number(${show(value).slice(0, -1)}), or ${asBigint}`
      : type === 'int64'
        ? asBigint
        : `${asBigint}: ${type} cannot hold it`
  return new CairnError('BAD_OUTPUT', `${at} is ${show(value)}, ${why}`, { next })
}

function safe(value: unknown): number | undefined {
  return Number.isSafeInteger(value) ? (value as number) : undefined
}

function daysOf(date: string): number | undefined {
  const time = /^\d{4}-\d\d-\d\d$/.test(date) ? Date.parse(date) : NaN
  return new Date(time).getTime() === time && new Date(time).toISOString().startsWith(date)
    ? time / 86_400_000
    : undefined
}

function show(value: unknown): string {
  const text = typeof value === 'string' ? JSON.stringify(value) : inspect(value, { depth: 1, breakLength: Infinity })
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}
