import { CairnError, suggest } from '@cairn/kernel'
import { arrowColumns, isArrowTable } from './arrow-input.ts'
import type { Column } from './columns.ts'

/** Some rows of a table that a step returned. */
export interface Batch {
  readonly size: number
  /** Whether dates, timestamps and booleans may be numbers. */
  readonly numbers: boolean
  cell(column: Column, row: number): unknown
}

/** The number of rows in a data chunk of DuckDB. */
const SIZE = 2048

export function batches(value: unknown, columns: readonly Column[]): AsyncIterable<Batch> | Iterable<Batch> {
  if (typeof value === 'object' && value !== null) {
    if (isArrowTable(value)) return columnBatches(arrowColumns(value, columns), columns)
    if (Symbol.iterator in value || Symbol.asyncIterator in value)
      return rowBatches(value as Iterable<unknown>, columns)
    if (Object.values(value).every(isColumn)) return columnBatches(value as Record<string, ArrayLike<unknown>>, columns)
  }
  throw new CairnError('BAD_OUTPUT', `a table cannot be created from ${value === null ? 'null' : typeof value}`, {
    next: 'return rows, columns ({ name: array }), an Arrow table, a table or a query',
  })
}

async function* rowBatches(rows: Iterable<unknown> | AsyncIterable<unknown>, columns: readonly Column[]) {
  let first = 0
  let pending: Record<string, unknown>[] = []
  for await (const row of rows) {
    checkRow(row, first + pending.length, columns)
    pending.push(row)
    if (pending.length < SIZE) continue
    yield rowBatch(pending)
    first += pending.length
    pending = []
  }
  if (pending.length > 0) yield rowBatch(pending)
}

function rowBatch(rows: readonly Record<string, unknown>[]): Batch {
  return { size: rows.length, numbers: false, cell: ({ name }, row) => withoutMethods(rows[row]![name]) }
}

/** A missing column with the name of an inherited method, such as `constructor`, would read as a function. */
function withoutMethods(value: unknown): unknown {
  return typeof value === 'function' ? undefined : value
}

function checkRow(row: unknown, index: number, columns: readonly Column[]): asserts row is Record<string, unknown> {
  if (typeof row !== 'object' || row === null)
    throw new CairnError('BAD_OUTPUT', `row ${index} is ${row === null ? 'null' : typeof row}, not an object`)
  let count = 0
  for (const _ in row) count++
  if (count > columns.length) checkNames(Object.keys(row), columns, `row ${index}`)
}

function* columnBatches(arrays: Readonly<Record<string, ArrayLike<unknown>>>, columns: readonly Column[]) {
  checkNames(Object.keys(arrays), columns, 'the table')
  const length = arrays[columns[0]!.name]!.length
  for (const { name } of columns)
    if (arrays[name]!.length !== length)
      throw new CairnError(
        'BAD_OUTPUT',
        `column "${name}" has ${arrays[name]!.length} rows, but "${columns[0]!.name}" has ${length}`,
      )
  for (let first = 0; first < length; first += SIZE)
    yield {
      size: Math.min(SIZE, length - first),
      numbers: true,
      cell: ({ name }: Column, row: number) => arrays[name]![first + row],
    } satisfies Batch
}

function isColumn(value: unknown): boolean {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView))
}

/** @throws CairnError BAD_OUTPUT for a missing column or one that is not declared */
export function checkNames(given: readonly string[], columns: readonly Column[], what: string): void {
  const names = new Set(columns.map(({ name }) => name))
  for (const name of given)
    if (!names.has(name))
      throw new CairnError('BAD_OUTPUT', `${what} has a column "${name}" that is not declared`, {
        next: suggest(name, [...names]),
      })
  const found = new Set(given)
  for (const name of names)
    if (!found.has(name))
      throw new CairnError('BAD_OUTPUT', `${what} has no column "${name}"`, { next: suggest(name, given) })
}
