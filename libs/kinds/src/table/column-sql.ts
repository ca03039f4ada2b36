import type { Column } from './columns.ts'

/** How DuckDB stores a type of column, and which other types fit into it. */
interface Storage {
  readonly stored: string
  /** The types that a query may return for it without a cast. */
  readonly from: RegExp
  /** An SQL condition that is true for a value that is not null and does not fit. */
  readonly unfit?: (value: string, column: Column, type: string) => string | undefined
  /** An SQL expression for the value as a JavaScript number. */
  readonly number?: (value: string) => string
}

const WHOLE = /^U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)$/
const NUMERIC = /^(U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)|FLOAT|DOUBLE|DECIMAL\(.*\))$/

const whole = (stored: string, min: string | number, max: string | number): Storage => ({
  stored,
  from: WHOLE,
  unfit: (value) => `${value} not between ${min} and ${max}`,
})
const floating = (stored: string, max: string, digits: number): Storage => ({
  stored,
  from: NUMERIC,
  unfit: (value, { nan }, type) => {
    if (type !== 'FLOAT' && type !== 'DOUBLE') {
      // Compares through text: a direct cast of the float to a long decimal shows the float's rounding error.
      const text = `${value}::${stored}${type.startsWith('DECIMAL') ? '::varchar' : ''}`
      return digitsOf(type) <= digits ? undefined : `try_cast(${text} as ${type}) is distinct from ${value}`
    }
    return nan
      ? `isfinite(${value}::double) and abs(${value}::double) > ${max}`
      : `not isfinite(${value}::double) or abs(${value}::double) > ${max}`
  },
})

/** The maximum number of digits of an integer or decimal type. */
function digitsOf(type: string): number {
  const whole = { TINYINT: 3, UTINYINT: 3, SMALLINT: 5, USMALLINT: 5, INTEGER: 10, UINTEGER: 10 }
  return (whole as Record<string, number>)[type] ?? Number(/^DECIMAL\((\d+)/.exec(type)?.[1] ?? Infinity)
}

const STORAGE: Record<Column['type'], Storage> = {
  bool: { stored: 'BOOLEAN', from: /^BOOLEAN$/ },
  int8: whole('TINYINT', -128, 127),
  int16: whole('SMALLINT', -32768, 32767),
  int32: whole('INTEGER', -2147483648, 2147483647),
  int64: whole('BIGINT', Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
  uint8: whole('UTINYINT', 0, 255),
  uint16: whole('USMALLINT', 0, 65535),
  uint32: whole('UINTEGER', 0, 4294967295),
  bigint: whole('BIGINT', '(-9223372036854775808)::hugeint', '9223372036854775807::hugeint'),
  float32: floating('FLOAT', '3.4028234663852886e38', 6),
  float64: floating('DOUBLE', '1.7976931348623157e308', 15),
  string: { stored: 'VARCHAR', from: /^(VARCHAR|ENUM\(.*\))$/ },
  date: {
    stored: 'DATE',
    from: /^DATE$/,
    unfit: (value) => `${value} not between date '0001-01-01' and date '9999-12-31'`,
    number: (value) => `(${value} - date '1970-01-01')`,
  },
  timestamp: {
    stored: 'TIMESTAMP_MS',
    from: /^TIMESTAMP(_S|_MS|_NS| WITH TIME ZONE)?$/,
    unfit: (value, _, type) =>
      type === 'TIMESTAMP_NS' // holds only the years 1677 to 2262
        ? `not isfinite(${value}) or epoch_ns(${value}) % 1000000 <> 0`
        : `${value} not between timestamp '0001-01-01' and timestamp '9999-12-31 23:59:59.999' or epoch_us(${value}) % 1000 <> 0`,
    number: (value) => `epoch_ms(${value})`,
  },
}

export const BAD_CELL = 'cairn: a bad cell'

export function fits(column: Column, type: string): boolean {
  return STORAGE[column.type].from.test(type)
}

/** An SQL condition that is true for a value that the column cannot hold. */
export function badCell(column: Column, type: string): string {
  const value = identifier(column.name)
  const unfit = STORAGE[column.type].unfit?.(value, column, type)
  const bad = [...(column.nullable ? [] : [`${value} is null`]), ...(unfit ? [`coalesce(${unfit}, false)`] : [])]
  return bad.join(' or ') || 'false'
}

/** An SQL expression for the value as the column stores it. */
export function storedCell(column: Column): string {
  const cast = column.type === 'timestamp' ? '::TIMESTAMP::TIMESTAMP_MS' : `::${storedType(column)}` // DuckDB has no cast from _NS to _MS
  return `${identifier(column.name)}${cast} as ${identifier(column.name)}`
}

/**
 * A `where` clause that fails with `BAD_CELL` at the first row with a value that its column cannot hold. It has one
 * condition for all columns: with one per column, DuckDB's planning time grows with the square of their number.
 *
 * @param types the types of the values, by column
 */
export function whereFits(columns: readonly Column[], types: ReadonlyMap<string, string>): string {
  const bad = columns
    .map((column) => badCell(column, types.get(column.name)!))
    .filter((condition) => condition !== 'false')
  return bad.length > 0 ? ` where case when ${bad.join(' or ')} then error('${BAD_CELL}') else true end` : ''
}

/** An SQL expression for the value as a JavaScript number: milliseconds for a timestamp, days for a date. */
export function cellNumber({ name, type }: Column): string {
  const value = identifier(name)
  return `${STORAGE[type].number?.(value) ?? value}::double`
}

/** Quotes a name for SQL: `"name"`. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** Quotes a text for SQL: `'text'`. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

/** Name of the DuckDB type that stores a column, such as `TIMESTAMP_MS`. */
export function storedType({ type }: Column): string {
  return STORAGE[type].stored
}
