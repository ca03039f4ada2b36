import { CairnError, shown, suggest } from '@cairn/kernel'

/** The JavaScript type of a value, by type of column. */
interface Values {
  bool: boolean
  int8: number
  int16: number
  int32: number
  /** Integers from -(2^53 - 1) to 2^53 - 1. Larger ones are refused, not rounded. */
  int64: number
  uint8: number
  uint16: number
  uint32: number
  /** 64 bits. */
  bigint: bigint
  float32: number
  float64: number
  /** Also holds NaN and infinities. */
  'float32|nan': number
  'float64|nan': number
  string: string
  /** `YYYY-MM-DD`, from year 0001 to 9999. */
  date: string
  /** An instant, in whole milliseconds. In SQL it is a TIMESTAMP in UTC. */
  timestamp: Date
}

/** The array that `columnsOf` returns, by type of column. */
interface Arrays {
  bool: Uint8Array
  int8: Int8Array
  int16: Int16Array
  int32: Int32Array
  int64: Float64Array
  uint8: Uint8Array
  uint16: Uint16Array
  uint32: Uint32Array
  bigint: BigInt64Array
  float32: Float32Array
  float64: Float64Array
  'float32|nan': Float32Array
  'float64|nan': Float64Array
  string: string[]
  /** Days since 1970-01-01. */
  date: Int32Array
  /** Milliseconds since 1970-01-01 UTC. */
  timestamp: Float64Array
}

export type PlainType = keyof Values
/** The type of a column. A type with `?` also holds null. */
export type ColumnType = PlainType | `${PlainType}?`
/** The types of columns, by name. */
export type Columns = Readonly<Record<string, ColumnType>>
/** Columns as a list, which keeps the order of integer names. */
export type ColumnList = readonly (readonly [name: string, type: ColumnType])[]
export type ListedColumns<L extends ColumnList> = {
  readonly [Name in L[number][0]]: Extract<L[number], readonly [Name, ColumnType]>[1]
}

/** The JavaScript value of a cell, by type of column. */
export type Cell<T extends ColumnType> = T extends PlainType
  ? Values[T]
  : T extends `${infer Plain extends PlainType}?`
    ? Values[Plain] | null
    : never
/** A row of a table with these columns. */
export type Row<C extends Columns> = { -readonly [Name in keyof C]: Cell<C[Name]> }

type NullableArray<T extends PlainType> = T extends 'bool' | 'string' | 'bigint'
  ? (Values[T] | null)[]
  : T extends 'float32' | 'float32|nan'
    ? Float32Array
    : Float64Array
/** A column as `columnsOf` returns it. Nulls among numbers, dates and timestamps are NaN. */
export type ColumnArray<T extends ColumnType> = T extends PlainType
  ? Arrays[T]
  : T extends `${infer Plain extends PlainType}?`
    ? NullableArray<Plain>
    : never
/** The columns of a table as `columnsOf` returns them, by name. */
export type ColumnArrays<C extends Columns> = { -readonly [Name in keyof C]: ColumnArray<C[Name]> }

/** A column as a step may return it: values, or numbers in the form of `columnsOf`. NaN never means null. */
export type ColumnInput<T extends ColumnType> =
  | ArrayLike<Cell<T>>
  | (T extends 'bool' ? Uint8Array : T extends `${'date' | 'timestamp'}${string}` ? ArrayLike<number> : never)
export type ColumnInputs<C extends Columns> = { readonly [Name in keyof C]: ColumnInput<C[Name]> }

export interface Column {
  readonly name: string
  readonly declared: ColumnType
  readonly type: Exclude<PlainType, `${string}|nan`>
  readonly nullable: boolean
  /** Whether it holds NaN and infinities. */
  readonly nan: boolean
}

const TYPES: readonly PlainType[] = [
  'bool',
  'int8',
  'int16',
  'int32',
  'int64',
  'uint8',
  'uint16',
  'uint32',
  'bigint',
  'float32',
  'float64',
  'float32|nan',
  'float64|nan',
  'string',
  'date',
  'timestamp',
]

export function readColumns(columns: Columns | ColumnList): Column[] {
  if (typeof columns !== 'object' || columns === null)
    throw new CairnError('BAD_DEFINITION', `table takes an object of columns, not ${shown(columns)}`, {
      next: `for example { origin: 'string', delay: 'int32?' }`,
    })
  const listed = isList(columns)
  const entries = listed ? columns : Object.entries(columns)
  if (entries.length === 0) throw new CairnError('BAD_DEFINITION', 'a table needs at least one column')
  checkColumnNames(
    entries.map(([name]) => name),
    'a table has',
    'rename it',
  )
  if (!listed && entries.length > 1) checkOrder(entries)
  return entries.map(([name, declared]) => readColumn(name, declared))
}

function readColumn(name: string, declared: ColumnType): Column {
  if (typeof declared !== 'string')
    throw new CairnError('BAD_DEFINITION', `the type of column "${name}" must be a string, not ${shown(declared)}`, {
      next: `for example { ${name}: 'int32?' }`,
    })
  const nullable = declared.endsWith('?')
  const plain = nullable ? declared.slice(0, -1) : declared
  if (!TYPES.includes(plain as PlainType))
    throw new CairnError('BAD_DEFINITION', `column "${name}" has the unknown type "${declared}"`, {
      next: suggest(plain, TYPES),
    })
  const nan = plain.endsWith('|nan')
  return { name, declared, type: plain.replace('|nan', '') as Column['type'], nullable, nan }
}

function isList(columns: Columns | ColumnList): columns is ColumnList {
  return Array.isArray(columns)
}

/**
 * Checks the names of columns.
 *
 * @param holder the start of the error message: `a table has`
 * @throws CairnError BAD_DEFINITION for an empty name, `__proto__`, or names that differ only in case
 */
export function checkColumnNames(names: readonly string[], holder: string, next: string): void {
  const refused = (what: string) => new CairnError('BAD_DEFINITION', `${holder} ${what}`, { next })
  const known = new Map<string, string>()
  for (const name of names) {
    if (name === '') throw refused('a column without a name')
    if (name === '__proto__') throw refused('a column named "__proto__", which is not allowed')
    const other = known.get(name.toLowerCase())
    if (other === name) throw refused(`two columns named "${name}"`)
    if (other !== undefined)
      throw refused(`columns named "${other}" and "${name}", which are the same name in SQL, because SQL ignores case`)
    known.set(name.toLowerCase(), name)
  }
}

/** Refuses integer names: JavaScript puts them first in an object, so the written order is lost. */
function checkOrder(entries: ColumnList): void {
  const number = entries.find(([name]) => /^(0|[1-9]\d*)$/.test(name))
  if (!number) return
  throw new CairnError(
    'BAD_DEFINITION',
    `column "${number[0]}" would lose its position: JavaScript orders integer keys first`,
    { next: `write the columns as a list: [['${number[0]}', '${number[1]}'], …]` },
  )
}
