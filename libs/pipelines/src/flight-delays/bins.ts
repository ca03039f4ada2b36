/** A column of numbers, one per row. NaN is a missing value and counts as larger than every number. */
export type Column =
  Float32Array | Float64Array | Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | Uint32Array

/** The number of features in a block. */
export const BLOCK = 8
/** The most bins of a feature, with the one for missing values: a bin number is a byte. */
export const BINS = 256

/**
 * Rows as bin numbers, from which trees are grown.
 *
 * Eight features form a block. In a block, a row is two words of four bins each, with the first bin in the lowest byte.
 * Reading a row costs one cache line and two loads.
 */
export interface BinnedRows {
  readonly rows: number
  /** For each feature, ascending. Bin `b` holds values above `thresholds[b - 1]` and up to `thresholds[b]`. */
  readonly thresholds: readonly Float32Array[]
  /** Each block has the shape [2 * rows]. */
  readonly blocks: readonly Int32Array[]
}

/**
 * Divides each column into at most `bins` bins with about equally many rows. Missing values get one more bin. Values
 * are rounded to float32, because an ONNX runtime compares float32 values.
 *
 * @param bins 2 to 255
 */
export function binRows(columns: readonly Column[], bins: number): BinnedRows {
  const rows = columns[0]!.length
  const thresholds = columns.map((column) => cut(sortedSample(column), bins))
  const blocks = Array.from({ length: Math.ceil(columns.length / BLOCK) }, () => new Int32Array(2 * rows))
  for (const [feature, column] of columns.entries())
    writeBins(column, thresholds[feature]!, blocks[Math.floor(feature / BLOCK)]!, feature % BLOCK)
  return { rows, thresholds, blocks }
}

/** @param place the position of the feature in its block */
export function binOf(block: Int32Array, row: number, place: number): number {
  return (block[(row << 1) | (place >>> 2)]! >>> ((place & 3) << 3)) & 255
}

/** The most rows from which the bins of a column are computed. They are evenly spaced. */
const SAMPLE = 200_000
const LARGEST_FLOAT32 = (2 - 2 ** -23) * 2 ** 127

function sortedSample(column: Column): Float32Array {
  const step = Math.ceil(column.length / SAMPLE)
  const sample = new Float32Array(Math.ceil(column.length / step))
  for (let i = 0; i < sample.length; i++) sample[i] = Math.max(column[i * step]!, -LARGEST_FLOAT32)
  return sample.sort()
}

/** Ends a bin when it has its share of the remaining rows, or at each distinct value if there are enough bins. */
function cut(sorted: Float32Array, bins: number): Float32Array {
  const missing = sorted.findIndex((value) => !(value <= LARGEST_FLOAT32))
  const numbers = missing < 0 ? sorted : sorted.subarray(0, missing)
  let steps = 0
  for (let i = 1; i < numbers.length; i++) if (numbers[i - 1] !== numbers[i]) steps++

  const thresholds: number[] = []
  for (let i = 1, start = 0; i < numbers.length && thresholds.length < bins - 1; i++) {
    const last = numbers[i - 1]!
    const next = numbers[i]!
    if (last === next) continue
    const binsLeft = bins - thresholds.length
    if (steps < binsLeft || i - start >= (numbers.length - start) / binsLeft) {
      thresholds.push(between(last, next))
      start = i
    }
    steps--
  }
  if (missing >= 0) thresholds.push(LARGEST_FLOAT32)
  return Float32Array.from(thresholds)
}

/** Returns a float32 that is at least `low` and less than `high`. */
function between(low: number, high: number): number {
  const middle = Math.fround(low / 2 + high / 2)
  return middle < high ? middle : low
}

function writeBins(column: Column, thresholds: Float32Array, block: Int32Array, place: number): void {
  const sorted = new Float32Array(BINS).fill(Infinity)
  sorted.set(thresholds)
  const last = thresholds.length
  const word = place >>> 2
  const shift = (place & 3) << 3
  for (let row = 0; row < column.length; row++) {
    const value = Math.fround(column[row]!)
    // Counts the thresholds below the value by bisection. It has no branches: the CPU would mispredict half of them.
    let bin = 0
    for (let bit = 7; bit >= 0; bit--) bin |= Number(!(value <= sorted[bin + (1 << bit) - 1]!)) << bit
    block[(row << 1) | word]! |= Math.min(bin, last) << shift
  }
}
