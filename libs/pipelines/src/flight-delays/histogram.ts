import { BINS, BLOCK, type BinnedRows } from './bins.ts'

/** Sums over some rows: the first and second derivatives of the loss with respect to the log-odds. */
export interface Sums {
  readonly gradient: number
  readonly hessian: number
}

/** The same sums for each bin of each feature, with the shape [blocks * 8 * 256]. */
export interface Histogram {
  readonly gradients: Float64Array
  readonly hessians: Float64Array
}

export function emptyHistogram(blocks: number): Histogram {
  const length = blocks * BLOCK * BINS
  return { gradients: new Float64Array(length), hessians: new Float64Array(length) }
}

export function histogramOf(
  rows: Int32Array,
  { blocks }: BinnedRows,
  derivatives: Float32Array,
  into: Histogram,
): Histogram {
  into.gradients.fill(0)
  into.hessians.fill(0)
  for (const [index, block] of blocks.entries()) {
    const first = index * BLOCK * BINS
    const end = first + BLOCK * BINS
    addRows(rows, block, derivatives, into.gradients.subarray(first, end), into.hessians.subarray(first, end))
  }
  return into
}

/** A fit spends most of its time here. Unrolled for the eight features of a block: 1.5 times as fast as a loop. */
function addRows(
  rows: Int32Array,
  block: Int32Array,
  derivatives: Float32Array,
  gradients: Float64Array,
  hessians: Float64Array,
): void {
  for (let i = 0; i < rows.length; i++) {
    const at = rows[i]! << 1
    const gradient = derivatives[at]!
    const hessian = derivatives[at | 1]!
    const first = block[at]!
    const second = block[at | 1]!
    const bin0 = first & 255
    const bin1 = ((first >>> 8) & 255) | (1 * BINS)
    const bin2 = ((first >>> 16) & 255) | (2 * BINS)
    const bin3 = (first >>> 24) | (3 * BINS)
    const bin4 = (second & 255) | (4 * BINS)
    const bin5 = ((second >>> 8) & 255) | (5 * BINS)
    const bin6 = ((second >>> 16) & 255) | (6 * BINS)
    const bin7 = (second >>> 24) | (7 * BINS)
    gradients[bin0]! += gradient
    gradients[bin1]! += gradient
    gradients[bin2]! += gradient
    gradients[bin3]! += gradient
    gradients[bin4]! += gradient
    gradients[bin5]! += gradient
    gradients[bin6]! += gradient
    gradients[bin7]! += gradient
    hessians[bin0]! += hessian
    hessians[bin1]! += hessian
    hessians[bin2]! += hessian
    hessians[bin3]! += hessian
    hessians[bin4]! += hessian
    hessians[bin5]! += hessian
    hessians[bin6]! += hessian
    hessians[bin7]! += hessian
  }
}

/** Changes the histogram in place. */
export function subtract(from: Histogram, { gradients, hessians }: Histogram): Histogram {
  for (let i = 0; i < gradients.length; i++) {
    from.gradients[i]! -= gradients[i]!
    from.hessians[i]! -= hessians[i]!
  }
  return from
}

export function totals({ gradients, hessians }: Histogram): Sums {
  let gradient = 0
  let hessian = 0
  for (let bin = 0; bin < BINS; bin++) {
    gradient += gradients[bin]!
    hessian += hessians[bin]!
  }
  return { gradient, hessian }
}

export function difference(whole: Sums, part: Sums): Sums {
  return { gradient: whole.gradient - part.gradient, hessian: whole.hessian - part.hessian }
}
