import { z } from 'zod'
import { binRows, type Column } from './bins.ts'
import { onGrid, treeGrower, type Tree } from './grow-tree.ts'

export type { Column, Tree }

/** Training data: for each row, a value of each feature and a label, 0 or 1. */
export interface Examples {
  readonly columns: readonly Column[]
  readonly labels: Uint8Array
}

/** Trees whose values add up to the log-odds of label 1. All numbers survive JSON exactly. */
export interface BoostedTrees {
  /** The number of features. */
  readonly features: number
  /** The log-odds before any tree. */
  readonly bias: number
  readonly trees: readonly Tree[]
}

export const Boosting = z.object({
  trees: z.int().min(1).default(100),
  leaves: z.int().min(2).default(31).describe('leaves of a tree, at most'),
  learningRate: z.number().positive().max(1).default(0.2).describe('how much of its step a tree takes'),
  minLeafWeight: z.number().positive().default(5).describe('sum of p (1 - p) over the rows of a leaf, at least'),
  l2: z.number().min(0).default(1).describe('pulls the values of leaves towards 0'),
  bins: z.int().min(2).max(255).default(255).describe('bins of a feature, at most'),
})

/**
 * Fits trees by gradient boosting on histograms, with logistic loss, Newton steps and leaf-wise growth. The same rows
 * give the same model on any machine: nothing is random, and sums over rows are exact in any order. Takes up to 2^28
 * rows.
 */
export function fitTrees({ columns, labels }: Examples, options: z.input<typeof Boosting> = {}): BoostedTrees {
  const { trees: most, bins, ...growth } = Boosting.parse(options)
  const positives = check(columns, labels)
  const growTree = treeGrower(binRows(columns, bins), growth)

  // Adds half a row of each label, so that the log-odds are finite when a label never occurs.
  const bias = onGrid(Math.log((positives + 0.5) / (labels.length - positives + 0.5)))
  const odds = new Float64Array(labels.length).fill(Math.exp(bias))
  const derivatives = new Float32Array(2 * labels.length)
  const trees: Tree[] = []
  while (trees.length < most) {
    derive(odds, labels, derivatives)
    const { tree, leaves } = growTree(derivatives)
    trees.push(tree)
    if (leaves.length === 1) break // no split lowers the loss
    for (const { rows, value } of leaves) multiply(odds, rows, Math.exp(value))
  }
  return { features: columns.length, bias, trees }
}

/** Rows per batch of predictions: few enough for their values to stay in the CPU cache while all trees read them. */
const TILE = 1024

/** Predicts the probability of label 1 for each row. */
export function predict({ features, bias, trees }: BoostedTrees, columns: readonly Column[]): Float64Array {
  if (columns.length !== features) throw new RangeError(`the model takes ${features} columns, not ${columns.length}`)
  const rows = columns[0]!.length
  const compact = trees.map(compactTree)
  const tile = new Float32Array(TILE * features)
  const logOdds = new Float64Array(rows).fill(bias)
  for (let first = 0; first < rows; first += TILE) {
    const part = logOdds.subarray(first, first + TILE)
    for (const [feature, column] of columns.entries())
      for (let i = 0; i < part.length; i++) tile[i * features + feature] = column[first + i]!
    for (const tree of compact) addValues(tree, tile, features, part)
  }
  return logOdds.map((value) => 1 / (1 + Math.exp(-value)))
}

function check(columns: readonly Column[], labels: Uint8Array): number {
  if (columns.length === 0 || labels.length === 0) throw new RangeError('there is nothing to learn from')
  for (const [index, { length }] of columns.entries())
    if (length !== labels.length)
      throw new RangeError(`column ${index} has ${length} rows, but there are ${labels.length} labels`)
  let positives = 0
  for (let row = 0; row < labels.length; row++) {
    if (labels[row]! > 1) throw new RangeError(`the label of row ${row} is ${labels[row]}, neither 0 nor 1`)
    positives += labels[row]!
  }
  return positives
}

/**
 * The derivatives of the loss with respect to the log-odds, rounded to multiples of 2^-24. float32 holds them exactly,
 * and float64 holds their sums over 2^29 rows exactly. So sums do not depend on the order of rows, and differences of
 * sums are exact too.
 */
function derive(odds: Float64Array, labels: Uint8Array, derivatives: Float32Array): void {
  for (let row = 0; row < labels.length; row++) {
    const probability = 1 - 1 / (1 + odds[row]!)
    derivatives[row << 1] = nearest24(probability - labels[row]!)
    derivatives[(row << 1) | 1] = nearest24(probability * (1 - probability))
  }
}

// Math.round takes five times as long here.
function nearest24(value: number): number {
  return Math.floor(value * 2 ** 24 + 0.5) * 2 ** -24
}

/** Multiplies the odds of a leaf's rows. Adding to the log-odds would need an exponential for each row. */
function multiply(odds: Float64Array, rows: Int32Array, factor: number): void {
  for (let i = 0; i < rows.length; i++) odds[rows[i]!]! *= factor
}

interface CompactTree {
  readonly feature: Int32Array
  readonly threshold: Float32Array
  readonly left: Int32Array
  readonly right: Int32Array
  readonly value: Float64Array
}

function compactTree({ feature, threshold, left, right, value }: Tree): CompactTree {
  return {
    feature: Int32Array.from(feature),
    threshold: Float32Array.from(threshold),
    left: Int32Array.from(left),
    right: Int32Array.from(right),
    value: Float64Array.from(value),
  }
}

function addValues(
  { feature, threshold, left, right, value }: CompactTree,
  tile: Float32Array,
  features: number,
  logOdds: Float64Array,
): void {
  for (let i = 0, at = 0; i < logOdds.length; i++, at += features) {
    let node = 0
    while (feature[node]! >= 0) node = tile[at + feature[node]!]! <= threshold[node]! ? left[node]! : right[node]!
    logOdds[i]! += value[node]!
  }
}
