import { BINS, BLOCK, binOf, type BinnedRows } from './bins.ts'
import { difference, emptyHistogram, histogramOf, subtract, totals, type Histogram, type Sums } from './histogram.ts'

/** A decision tree. Node 0 is the root. A row goes left if its `feature` is at most `threshold`, else right. */
export interface Tree {
  /** For each node: the index of the feature that it tests; -1 in a leaf. */
  readonly feature: number[]
  /** For each node: a float32 value; 0 in a leaf. */
  readonly threshold: number[]
  /** For each node: the numbers of its child nodes; 0 in a leaf. */
  readonly left: number[]
  readonly right: number[]
  /** For each node: what a leaf adds to the log-odds; 0 elsewhere. */
  readonly value: number[]
}

export interface Growth {
  readonly leaves: number
  readonly learningRate: number
  readonly minLeafWeight: number
  readonly l2: number
}

/** The numbers of the rows that end in a leaf. */
export interface LeafRows {
  readonly rows: Int32Array
  readonly value: number
}

interface Split {
  readonly feature: number
  /** The last bin that goes left. */
  readonly bin: number
  readonly gain: number
  readonly left: Sums
}

interface Leaf {
  readonly node: number
  readonly rows: Int32Array
  readonly sums: Sums
  readonly histogram: Histogram
  readonly split: Split | undefined
}

/**
 * Returns a function that grows a tree from the derivatives of the loss: the gradient and hessian of each row, with the
 * shape [2 * rows]. It always splits the leaf whose best split lowers the loss most. All trees share its memory.
 */
export function treeGrower(data: BinnedRows, growth: Growth) {
  const order = new Int32Array(data.rows)
  const spare = new Int32Array(data.rows)
  const histograms = Array.from({ length: growth.leaves }, () => emptyHistogram(data.blocks.length))

  return function growTree(derivatives: Float32Array): { tree: Tree; leaves: LeafRows[] } {
    const tree: Tree = { feature: [], threshold: [], left: [], right: [], value: [] }
    for (let row = 0; row < order.length; row++) order[row] = row
    const whole = histogramOf(order, data, derivatives, histograms[0]!)
    const leaves = [newLeaf(tree, order, totals(whole), whole)]

    while (leaves.length < growth.leaves) {
      const leaf = mostPromising(leaves)
      if (!leaf?.split) break
      const { sums, split } = leaf
      const lefts = partition(leaf.rows, split, data, spare)
      const left = leaf.rows.subarray(0, lefts)
      const right = leaf.rows.subarray(lefts)

      // Sums only the smaller side. The larger side is the parent minus the smaller side.
      const smaller = left.length < right.length ? left : right
      const counted = histogramOf(smaller, data, derivatives, histograms[leaves.length]!)
      const rest = subtract(leaf.histogram, counted)
      const [ofLeft, ofRight] = smaller === left ? [counted, rest] : [rest, counted]

      const leftLeaf = newLeaf(tree, left, split.left, ofLeft)
      const rightLeaf = newLeaf(tree, right, difference(sums, split.left), ofRight)
      tree.feature[leaf.node] = split.feature
      tree.threshold[leaf.node] = data.thresholds[split.feature]![split.bin]!
      tree.left[leaf.node] = leftLeaf.node
      tree.right[leaf.node] = rightLeaf.node
      tree.value[leaf.node] = 0
      leaves[leaves.indexOf(leaf)] = leftLeaf
      leaves.push(rightLeaf)
    }
    return { tree, leaves: leaves.map(({ node, rows }) => ({ rows, value: tree.value[node]! })) }
  }

  function newLeaf(tree: Tree, rows: Int32Array, sums: Sums, histogram: Histogram): Leaf {
    const node = tree.feature.push(-1) - 1
    tree.threshold.push(0)
    tree.left.push(0)
    tree.right.push(0)
    tree.value.push(onGrid((-growth.learningRate * sums.gradient) / (sums.hessian + growth.l2)))
    return { node, rows, sums, histogram, split: bestSplit(histogram, sums, data.thresholds, growth) }
  }
}

/**
 * Rounds log-odds to multiples of 2^-20, whose sums below 16 are exact even in float32. So a runtime may add up the
 * leaves in any order and on any number of threads.
 */
export function onGrid(logOdds: number): number {
  return Math.round(logOdds * 2 ** 20) / 2 ** 20 || 0 // 0 instead of -0, which JSON.stringify would change
}

function mostPromising(leaves: readonly Leaf[]): Leaf | undefined {
  let best: Leaf | undefined
  for (const leaf of leaves) if (leaf.split && !(best?.split && best.split.gain >= leaf.split.gain)) best = leaf
  return best
}

/** Moves the rows that go left to the front, in their order, and returns their number. */
function partition(rows: Int32Array, { feature, bin }: Split, { blocks }: BinnedRows, spare: Int32Array): number {
  const block = blocks[Math.floor(feature / BLOCK)]!
  const place = feature % BLOCK
  let lefts = 0
  let rights = 0
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!
    const goesRight = (bin - binOf(block, row, place)) >>> 31 // 0 or 1, without a branch that the CPU would mispredict
    rows[lefts] = row
    spare[rights] = row
    lefts += 1 - goesRight
    rights += goesRight
  }
  rows.set(spare.subarray(0, rights), lefts)
  return lefts
}

/** A smaller gain is a rounding error. */
const LEAST_GAIN = 1e-6

/** Finds the split that lowers the loss most with a Newton step: https://arxiv.org/abs/1603.02754, equation 7. */
function bestSplit(
  { gradients, hessians }: Histogram,
  { gradient, hessian }: Sums,
  thresholds: readonly Float32Array[],
  { minLeafWeight, l2 }: Growth,
): Split | undefined {
  const unsplit = (gradient * gradient) / (hessian + l2)
  let best: Split | undefined
  for (const [feature, { length }] of thresholds.entries()) {
    let leftGradient = 0
    let leftHessian = 0
    for (let bin = 0; bin < length; bin++) {
      leftGradient += gradients[feature * BINS + bin]!
      leftHessian += hessians[feature * BINS + bin]!
      if (leftHessian < minLeafWeight) continue
      const rightGradient = gradient - leftGradient
      const rightHessian = hessian - leftHessian
      if (rightHessian < minLeafWeight) break
      const left = (leftGradient * leftGradient) / (leftHessian + l2)
      const right = (rightGradient * rightGradient) / (rightHessian + l2)
      const gain = left + right - unsplit
      if (gain > (best?.gain ?? LEAST_GAIN))
        best = { feature, bin, gain, left: { gradient: leftGradient, hessian: leftHessian } }
    }
  }
  return best
}
