import { inspect } from 'node:util'
import { CairnError } from '@cairn/kernel'
import { NUMBERS } from './tensors.ts'

export type Values = InstanceType<(typeof NUMBERS)[keyof typeof NUMBERS]> | string[]

/** The values for one input of a model, cut into batches on demand. */
export interface FedInput {
  readonly name: string
  readonly type: string
  readonly rows: number
  /** The number of rows per batch, if the model takes only this number. */
  readonly fixedRows: number | undefined
  batch(first: number, rows: number): { readonly values: Values; readonly shape: number[] }
}

/**
 * Checks the values for one input.
 *
 * @param shape the shape of the input: rows first, with names for variable lengths
 * @param feed values row by row, or the columns of a matrix
 * @throws CairnError BAD_DEFINITION when the values do not fit the shape or the type
 */
export function fedInput(name: string, type: string, shape: readonly (number | string)[], feed: unknown): FedInput {
  const [length, ...rest] = shape
  const convert = converter(name, type)
  const fixedRows = typeof length === 'number' ? length : undefined
  if (!(type in NUMBERS || type === 'string'))
    throw wrong(`input "${name}" has the type ${type}, which predict does not support`)
  if (!isArrayLike(feed))
    throw wrong(`input "${name}" must be an array, not ${feed === undefined ? 'undefined' : typeof feed}`)

  if (isArrayLike(feed[0])) {
    const columns = feed as ArrayLike<ArrayLike<unknown>>
    const [wanted] = rest
    if (rest.length !== 1 || (typeof wanted === 'number' && wanted !== columns.length))
      throw wrong(`input "${name}" has the shape [${shape.join(',')}], but received ${columns.length} columns`)
    const rows = columns[0]!.length
    for (let index = 1; index < columns.length; index++)
      if (columns[index]!.length !== rows)
        throw wrong(`input "${name}": column ${index} has ${columns[index]!.length} rows, but column 0 has ${rows}`)
    const batch: FedInput['batch'] = (first, count) => {
      const values = emptyValues(type, count * columns.length)
      for (let index = 0; index < columns.length; index++)
        for (let row = 0; row < count; row++)
          values[row * columns.length + index] = convert(columns[index]![first + row], first + row)
      return { values: values as Values, shape: [count, columns.length] }
    }
    return { name, type, rows, fixedRows, batch }
  }

  const unknown = rest.find((length) => typeof length !== 'number')
  if (unknown !== undefined)
    throw wrong(`input "${name}" has the shape [${shape.join(',')}], so the number of rows is ambiguous`)
  const width = (rest as number[]).reduce((product, length) => product * length, 1)
  if (feed.length % width !== 0)
    throw wrong(`input "${name}" received ${feed.length} values, which is not a multiple of ${width}`)
  return {
    name,
    type,
    rows: feed.length / width,
    fixedRows,
    batch: (first, count) => ({
      values: slice(type, feed, first * width, (first + count) * width, (value, at) =>
        convert(value, Math.floor(at / width)),
      ),
      shape: shape.length === 0 ? [] : [count, ...(rest as number[])],
    }),
  }
}

function isArrayLike(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView))
}

function slice(type: string, feed: ArrayLike<unknown>, from: number, to: number, convert: Convert): Values {
  if (type in NUMBERS && feed instanceof NUMBERS[type as keyof typeof NUMBERS]) return feed.subarray(from, to) as Values
  const values = emptyValues(type, to - from)
  for (let index = from; index < to; index++) values[index - from] = convert(feed[index], index)
  return values as Values
}

function emptyValues(type: string, length: number): unknown[] {
  return (type === 'string' ? [] : new NUMBERS[type as keyof typeof NUMBERS](length)) as unknown[]
}

type Convert = (value: unknown, row: number) => unknown

/** Floats are rounded to the tensor's precision. Any other value must fit exactly. */
function converter(name: string, type: string): Convert {
  const refused = (value: unknown, row: number, next: string) =>
    new CairnError('BAD_DEFINITION', `input "${name}", row ${row}: is ${shown(value)}, not ${type}`, { next })
  if (type === 'string')
    return (value, row) => {
      if (typeof value === 'string') return value
      throw refused(value, row, 'pass strings')
    }
  if (type.startsWith('float'))
    return (value, row) => {
      if (typeof value !== 'number') throw refused(value, row, 'pass numbers; for missing values use NaN or a default')
      if (type === 'float32' && Number.isFinite(value) && !Number.isFinite(Math.fround(value)))
        throw refused(value, row, OUT_OF_RANGE)
      return value
    }
  const held = new NUMBERS[type as keyof typeof NUMBERS](1) as unknown as [unknown]
  return (value, row) => {
    const number = type === 'bool' && typeof value === 'boolean' ? Number(value) : value
    if (typeof number !== 'bigint' && !Number.isSafeInteger(number))
      throw refused(value, row, 'pass integers: round fractions, and fill missing values')
    const wanted = type.endsWith('int64') ? BigInt(number as number) : Number(number)
    held[0] = wanted
    if (held[0] !== wanted || (type === 'bool' && wanted > 1)) throw refused(value, row, OUT_OF_RANGE)
    return wanted
  }
}

const OUT_OF_RANGE = 'the value is out of the range of the type'

function shown(value: unknown): string {
  return inspect(value, { depth: 0, maxStringLength: 60, breakLength: Infinity })
}

function wrong(message: string): CairnError {
  return new CairnError('BAD_DEFINITION', message)
}
