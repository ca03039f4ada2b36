import { CairnError } from '@cairn/kernel'
import { NUMBERS } from './tensors.ts'

export type Values = InstanceType<(typeof NUMBERS)[keyof typeof NUMBERS]> | string[]

/** What one input of a model is fed, cut into batches as they are asked for. */
export interface FedInput {
  readonly name: string
  readonly type: string
  readonly rows: number
  /** Set when the model takes so many rows at a time and no other number. */
  readonly fixedRows: number | undefined
  batch(first: number, rows: number): { readonly values: Values; readonly shape: number[] }
}

/**
 * @param shape of the input: rows first, names for lengths that may vary
 * @param feed values row by row, or the columns of a matrix
 */
export function fedInput(name: string, type: string, shape: readonly (number | string)[], feed: unknown): FedInput {
  const [length, ...rest] = shape
  const fixedRows = typeof length === 'number' ? length : undefined
  if (!(type in NUMBERS || type === 'string')) throw wrong(`input "${name}" takes ${type}, which predict cannot feed`)
  if (!isArrayLike(feed)) throw wrong(`input "${name}" is fed ${feed === undefined ? 'nothing' : typeof feed}`)

  if (isArrayLike(feed[0])) {
    const columns = feed as ArrayLike<ArrayLike<unknown>>
    const [wanted] = rest
    if (rest.length !== 1 || (typeof wanted === 'number' && wanted !== columns.length))
      throw wrong(`input "${name}" has the shape [${shape.join(',')}] but is fed ${columns.length} columns`)
    const rows = columns[0]!.length
    for (let index = 1; index < columns.length; index++)
      if (columns[index]!.length !== rows)
        throw wrong(`input "${name}": column ${index} has ${columns[index]!.length} rows where column 0 has ${rows}`)
    const batch: FedInput['batch'] = (first, count) => {
      const values = emptyValues(type, count * columns.length)
      for (let index = 0; index < columns.length; index++)
        for (let row = 0; row < count; row++)
          values[row * columns.length + index] = convert(type, columns[index]![first + row])
      return { values: values as Values, shape: [count, columns.length] }
    }
    return { name, type, rows, fixedRows, batch }
  }

  const unknown = rest.find((length) => typeof length !== 'number')
  if (unknown !== undefined)
    throw wrong(`input "${name}" has the shape [${shape.join(',')}], so its rows cannot be told`)
  const width = (rest as number[]).reduce((product, length) => product * length, 1)
  if (feed.length % width !== 0)
    throw wrong(`input "${name}" is fed ${feed.length} values, which make no rows of ${width}`)
  return {
    name,
    type,
    rows: feed.length / width,
    fixedRows,
    batch: (first, count) => ({
      values: slice(type, feed, first * width, (first + count) * width),
      shape: shape.length === 0 ? [] : [count, ...(rest as number[])],
    }),
  }
}

function isArrayLike(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView))
}

function slice(type: string, feed: ArrayLike<unknown>, from: number, to: number): Values {
  if (type in NUMBERS && feed instanceof NUMBERS[type as keyof typeof NUMBERS]) return feed.subarray(from, to) as Values
  const values = emptyValues(type, to - from)
  for (let index = from; index < to; index++) values[index - from] = convert(type, feed[index])
  return values as Values
}

function emptyValues(type: string, length: number): unknown[] {
  return (type === 'string' ? [] : new NUMBERS[type as keyof typeof NUMBERS](length)) as unknown[]
}

function convert(type: string, value: unknown): unknown {
  return type.endsWith('int64') && typeof value === 'number' ? BigInt(value) : value
}

function wrong(message: string): CairnError {
  return new CairnError('BAD_DEFINITION', message)
}
