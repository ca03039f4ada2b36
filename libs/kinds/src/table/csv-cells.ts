import { identifier, literal } from './column-sql.ts'

/*
 * DuckDB reads the cell `1.5` as 2 in an integer column, reads `1e400` as infinity, and drops the time of
 * `2001-02-03 04:05` in a column of dates. So cells are read as text, and these expressions convert only texts that are
 * exactly a value of the type.
 */

/** The prefix of an error message that a cell raises in DuckDB. */
export const BAD_TEXT = 'cairn: '

export interface CsvColumn {
  readonly name: string
  /** DuckDB's name of the type. */
  readonly type: string
  /** Whether the user declared the type. Otherwise the first rows determined it, and each cell must fit exactly. */
  readonly declared: boolean
}

/** How numbers and dates are written, if not as in the error messages below. */
export interface CellFormats {
  /** The character before the decimals. @default '.' */
  readonly decimal?: '.' | ',' | undefined
  /** The format of dates in DuckDB's notation, such as `%d.%m.%Y`. */
  readonly dates?: string | undefined
  /** The format of timestamps in this notation. */
  readonly timestamps?: string | undefined
}

interface Conversion {
  /** A cheap condition that most valid texts meet. */
  readonly usual: string
  /** The condition for all other valid texts. */
  readonly other: string
  /** The text to cast. @default the cell */
  readonly text?: string
  /** The conversion of these other texts. @default a plain cast */
  readonly value?: string
  readonly expected: string
}

/** An SQL expression that converts a cell to the column's type. A text that is no such value fails the query. */
export function csvCell({ name, type, declared }: CsvColumn, formats: CellFormats = {}): string {
  const cell = identifier(name)
  const found = conversion(cell, type, declared, formats)
  if (!found) return cell
  const { usual, other, text = cell, value = `try_cast(${text} as ${type})`, expected } = found
  const converted = `case when ${usual} then try_cast(${text} as ${type}) when ${other} then ${value} end`
  const message = `${literal(`${BAD_TEXT}column "${name}" of the CSV file has the cell "`)} || left(${cell}, 60) || ${literal(`", which is not a ${expected}`)}`
  return `coalesce(${converted}, case when ${cell} is null then null else error(${message}) end)::${type} as ${cell}`
}

function conversion(cell: string, type: string, declared: boolean, formats: CellFormats): Conversion | undefined {
  const { decimal, dates, timestamps } = formats
  const number = /^U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)$/.test(type)
    ? whole
    : type === 'DOUBLE' || type === 'FLOAT'
      ? float
      : undefined
  if (number) return decimal === ',' ? withComma(cell, type, declared, number) : number(cell, type, declared)
  if (type === 'DATE' && dates !== undefined) return formatted(cell, type, dates, 'date')
  if (type.startsWith('TIMESTAMP') && timestamps !== undefined) return formatted(cell, type, timestamps, 'timestamp')
  if (type === 'DATE')
    return { usual: `${cell} like '____-__-__'`, other: matches(cell, DAY), expected: 'date such as 2001-02-03' }
  if (type.startsWith('TIMESTAMP')) return timestamp(cell, type)
  if (type === 'TIME')
    return { usual: `${cell} like '__:__:__'`, other: matches(cell, CLOCK), expected: 'time such as 04:05:06' }
  if (type === 'BOOLEAN') return { usual: 'true', other: 'true', expected: 'boolean (true or false)' }
  return undefined
}

/** A cell with a decimal comma. A point in it might separate thousands, so it is refused. */
function withComma(cell: string, type: string, declared: boolean, number: typeof whole): Conversion {
  const text = `replace(${cell}, ',', '.')`
  const { usual, other, expected } = number(text, type, declared)
  const noPoint = `not contains(${cell}, '.')`
  const comma = `${expected} with a decimal comma`
  return { usual: `${noPoint} and (${usual})`, other: `${noPoint} and (${other})`, text, expected: comma }
}

/** A year below 1000 would be one of two digits, which DuckDB takes literally. Digits that a type lacks are not dropped. */
function formatted(cell: string, type: string, format: string, what: string): Conversion {
  const value = `try_strptime(${cell}, ${literal(format)})`
  const isExact = `year(${value}) >= 1000 and ${value}::${type}::timestamp = ${value}::timestamp`
  return { usual: 'false', other: isExact, value: `${value}::${type}`, expected: `${what} in the format ${format}` }
}

function whole(cell: string, type: string, declared: boolean): Conversion {
  const float = `try_cast(${cell} as double)`
  const digits = declared ? '[+-]?[0-9]+' : '[+-]?(0|[1-9][0-9]*)'
  // For integers such as `5.0` or `1e+05`. A float holds a text of up to 15 digits exactly.
  const scientific = `length(${cell}) <= 15 and not ${zeroFirst(cell)} and ${float} = trunc(${float}) and abs(${float}) < 9007199254740992`
  return {
    usual: `${cell} between '1' and '9:' and not contains(${cell}, '.') and ${plain(cell)}`,
    other: `${matches(cell, ` *${digits} *`)} or (${scientific})`,
    expected: type === 'BIGINT' ? '64-bit integer' : `valid ${type}`,
  }
}

function float(cell: string, type: string, declared: boolean): Conversion {
  const value = `try_cast(${cell} as ${type})`
  const usual = `length(${cell}) <= 25 and (length(${cell}) <= 15 or contains(${cell}, '.')) and ${plain(cell)}`
  const finite = `isfinite(${value}) or ${matches(cell, '(?i) *[+-]?(nan|inf|infinity) *')}`
  if (declared) return { usual, other: finite, expected: 'number in the range of a float' }
  // Integers that a float cannot hold are mostly ids, and integers with leading zeros are codes.
  const exact = `not ${matches(cell, ' *[+-]?[0-9]+ *')} or try_cast(${cell} as hugeint) = try_cast(${value} as hugeint)`
  return {
    usual: `${usual} and not ${zeroFirst(cell)}`,
    other: `(${finite}) and not ${zeroFirst(cell)} and (${exact})`,
    expected: 'number that a float represents exactly',
  }
}

function timestamp(cell: string, type: string): Conversion {
  const fraction = type === 'TIMESTAMP_MS' ? '[0-9]{1,3}0*' : '[0-9]{1,6}0*'
  const text = ` *${YEAR_FIRST}([ T][0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.]${fraction})?)?( ?(Z|[+-][0-9]{2}(:?[0-9]{2})?))?)? *`
  return {
    usual: `${cell} like '____-__-__ __:__:__'`,
    other: matches(cell, text),
    // A direct cast to TIMESTAMP would ignore the offset.
    value: `try_cast(try_cast(${cell} as timestamptz) as ${type})`,
    expected: `timestamp such as 2001-02-03 04:05:06${type === 'TIMESTAMP_MS' ? '.789' : ''}`,
  }
}

const YEAR_FIRST = '[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}'
const DAY = ` *${YEAR_FIRST} *`
const CLOCK = ' *[0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6}0*)?)? *'

function matches(cell: string, pattern: string): string {
  return `regexp_full_match(${cell}, '${pattern}')`
}

function plain(cell: string): string {
  return `not contains(${cell}, 'e') and not contains(${cell}, 'E')`
}

/** A condition for leading zeros, as in `007`, which is a code and not a number. */
function zeroFirst(cell: string): string {
  return `(${cell} between '00' and '0:' or ${cell} between '-00' and '-0:')`
}
