import type { BoostedTrees, Examples, Tree } from './boosted-trees.ts'

/** A tree as nested objects. */
export type Node = { value: number } | { feature: number; threshold: number; left: Node; right: Node }

export function drawn(tree: Tree, node = 0): Node {
  if (tree.feature[node]! < 0) return { value: tree.value[node]! }
  const { feature, threshold, left, right } = tree
  return {
    feature: feature[node]!,
    threshold: threshold[node]!,
    left: drawn(tree, left[node]),
    right: drawn(tree, right[node]),
  }
}

interface Options {
  trees: number
  leaves: number
  learningRate: number
  minLeafWeight: number
  l2: number
}

/** Gradient boosting as textbooks describe it: for each split of each leaf, it sums over all rows. */
export function fitSlowly({ columns, labels }: Examples, { trees, ...options }: Options): Node[] {
  const positives = labels.filter((label) => label === 1).length
  const bias = rounded(Math.log((positives + 0.5) / (labels.length - positives + 0.5)), 20)
  const odds = Array.from(labels, () => Math.exp(bias))
  const roots: Node[] = []
  for (let t = 0; t < trees; t++) {
    const slopes = odds.map((odd, row) => {
      const probability = 1 - 1 / (1 + odd)
      return {
        gradient: rounded(probability - labels[row]!, 24),
        hessian: rounded(probability * (1 - probability), 24),
      }
    })
    const { root, leaves } = growSlowly(columns, slopes, options)
    roots.push(root)
    if (leaves.length === 1) break
    for (const { rows, value } of leaves) for (const row of rows) odds[row]! *= Math.exp(value)
  }
  return roots
}

type Slopes = readonly { gradient: number; hessian: number }[]

function growSlowly(columns: Examples['columns'], slopes: Slopes, options: Omit<Options, 'trees'>) {
  const { learningRate, minLeafWeight, l2 } = options
  const sum = (rows: number[], key: 'gradient' | 'hessian') => rows.reduce((total, row) => total + slopes[row]![key], 0)
  const score = (rows: number[]) => sum(rows, 'gradient') ** 2 / (sum(rows, 'hessian') + l2)
  const light = (rows: number[]) => sum(rows, 'hessian') < minLeafWeight

  const newLeaf = (rows: number[]) => {
    const value = rounded((-learningRate * sum(rows, 'gradient')) / (sum(rows, 'hessian') + l2), 20)
    let best = { gain: 1e-6, feature: -1, threshold: 0, left: rows, right: rows }
    for (const [feature, column] of columns.entries())
      for (const threshold of thresholds(column)) {
        const left = rows.filter((row) => column[row]! <= threshold)
        const right = rows.filter((row) => !(column[row]! <= threshold))
        const gain = score(left) + score(right) - score(rows)
        if (!light(left) && !light(right) && gain > best.gain) best = { gain, feature, threshold, left, right }
      }
    return { node: { value } as Node, rows, value, best }
  }

  const first = newLeaf(slopes.map((_, row) => row))
  const leaves = [first]
  while (leaves.length < options.leaves) {
    const leaf = leaves.reduce((a, b) => (b.best.gain > a.best.gain ? b : a))
    const { feature, threshold, left, right } = leaf.best
    if (feature < 0) break
    const [leftLeaf, rightLeaf] = [newLeaf(left), newLeaf(right)]
    Object.assign(leaf.node, { value: undefined, feature, threshold, left: leftLeaf.node, right: rightLeaf.node })
    leaves.splice(leaves.indexOf(leaf), 1, leftLeaf)
    leaves.push(rightLeaf)
  }
  return { root: first.node, leaves }
}

/** The thresholds to try: the midpoints between adjacent values, and one between the numbers and NaN. */
function thresholds(column: Examples['columns'][number]): number[] {
  const values = [...new Set(column)].sort((a, b) => a - b)
  const numbers = values.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b)
  const between = numbers.slice(1).map((value, index) => Math.fround((numbers[index]! + value) / 2))
  return numbers.length < values.length ? [...between, 3.4028234663852886e38] : between
}

function rounded(value: number, bits: number): number {
  return Math.round(value * 2 ** bits) / 2 ** bits || 0
}

export function logLoss(probabilities: ArrayLike<number>, labels: Uint8Array): number {
  return labels.reduce((sum, label, row) => sum - Math.log(label ? probabilities[row]! : 1 - probabilities[row]!), 0)
}

export function firstTrees(model: BoostedTrees, count: number): BoostedTrees {
  return { ...model, trees: model.trees.slice(0, count) }
}

/** A generator of numbers between 0 and 1 with a fixed seed. */
export function noise(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}
