import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Boosting, fitTrees, predict, type Column, type Examples } from './boosted-trees.ts'
import { drawn, firstTrees, fitSlowly, logLoss, noise } from './slow-trees.fixture.ts'

const one = { trees: 1, learningRate: 1, minLeafWeight: 0.25, l2: 0 }
const repeat = (values: number[], times: number) =>
  Float32Array.from({ length: values.length * times }, (_, i) => values[i % values.length]!)

test('one split has the values that are computed by hand', () => {
  const { bias, trees } = fitTrees({ columns: [Int32Array.of(1, 2, 3, 4)], labels: Uint8Array.of(0, 0, 1, 1) }, one)
  expect(bias).toBe(0)
  // p is 1/2 everywhere: gradients add up to 1 on the left, hessians to 1/2, so the step is -2.
  expect(drawn(trees[0]!)).toEqual({ feature: 0, threshold: 2.5, left: { value: -2 }, right: { value: 2 } })
})

test('l2 and the learning rate make steps smaller', () => {
  const examples = { columns: [Int32Array.of(1, 2, 3, 4)], labels: Uint8Array.of(0, 0, 1, 1) }
  const { trees } = fitTrees(examples, { ...one, l2: 0.5, learningRate: 0.25 })
  expect(drawn(trees[0]!)).toMatchObject({ left: { value: -0.25 }, right: { value: 0.25 } })
})

test('the most informative feature is split first', () => {
  const columns = [repeat([0, 0, 0, 1], 10), repeat([0, 0, 1, 1], 10), repeat([5], 40)]
  const { trees } = fitTrees({ columns, labels: Uint8Array.from(repeat([0, 0, 1, 1], 10)) }, { trees: 1, leaves: 2 })
  expect(drawn(trees[0]!)).toMatchObject({ feature: 1, threshold: 0.5 })
})

test('the leaf that gains most is split next, however deep it lies', () => {
  const x = Float32Array.from({ length: 80 }, (_, i) => i % 8)
  const labels = Uint8Array.from(x, (value) => Number(value === 7 || value === 5))
  const { trees } = fitTrees({ columns: [x], labels }, { ...one, leaves: 4 })
  expect(drawn(trees[0]!)).toMatchObject({
    threshold: 4.5,
    left: { value: expect.any(Number) },
    right: { threshold: 5.5, right: { threshold: 6.5 } },
  })
})

test('an interaction that no feature shows alone is found', () => {
  // Slightly more ones on the side of the first feature: a perfect XOR gives greedy growth nothing to start from.
  const columns = [repeat([0, 0, 1, 1, 1], 50), repeat([0, 1, 0, 1, 0], 50)]
  const labels = Uint8Array.from(columns[0]!, (a, row) => a ^ columns[1]![row]!)
  const probabilities = predict(fitTrees({ columns, labels }, { trees: 40, leaves: 4 }), columns)
  for (const [row, label] of labels.entries()) expect(Math.round(probabilities[row]!)).toBe(label)
})

test('a label that never changes gives no splits and a probability near it', () => {
  const columns = [Float64Array.of(1, 2, 3, 4)]
  for (const label of [0, 1]) {
    const model = fitTrees({ columns, labels: new Uint8Array(4).fill(label) })
    expect(model.trees.map((tree) => drawn(tree))).toEqual([{ value: expect.any(Number) }])
    for (const probability of predict(model, columns)) expect(Math.abs(probability - label)).toBeLessThan(0.15)
  }
})

test('it learns from a single row', () => {
  const columns = [Float64Array.of(3)]
  const model = fitTrees({ columns, labels: Uint8Array.of(1) })
  expect(predict(model, columns)[0]).toBeGreaterThan(0.7)
})

test('more leaves than rows are fine', () => {
  const columns = [Float64Array.of(1, 2, 3, 4)]
  const { trees } = fitTrees({ columns, labels: Uint8Array.of(0, 1, 0, 1) }, { ...one, leaves: 1000 })
  expect(trees[0]!.feature.filter((feature) => feature < 0)).toHaveLength(4)
})

test('missing values go right, where a split can separate them from all numbers', () => {
  const columns = [Float64Array.of(1, 2, 3, NaN, NaN, NaN)]
  const { trees } = fitTrees({ columns, labels: Uint8Array.of(0, 0, 0, 1, 1, 1) }, one)
  expect(drawn(trees[0]!)).toMatchObject({ threshold: 3.4028234663852886e38, left: { value: -2 }, right: { value: 2 } })
})

test('a leaf has at least the minimum weight', () => {
  const columns = [Float64Array.from({ length: 100 }, (_, i) => i)]
  const labels = Uint8Array.from({ length: 100 }, (_, i) => Number(i < 10 || i >= 60))
  const leftOf = (minLeafWeight: number) =>
    fitTrees({ columns, labels }, { minLeafWeight, trees: 1 }).trees[0]!.threshold[0]
  expect(leftOf(1)).toBe(59.5)
  expect(leftOf(10)).toBe(59.5)
  expect(leftOf(12)).toBe(51.5) // a row weighs 1/4 at first
  expect(leftOf(13)).toBe(0)
})

test('the training loss falls with every tree', () => {
  const examples = wavy(2000)
  const model = fitTrees(examples, { trees: 60 })
  const losses = model.trees.map((_, count) =>
    logLoss(predict(firstTrees(model, count), examples.columns), examples.labels),
  )
  for (let i = 1; i < losses.length; i++) expect(losses[i]!).toBeLessThan(losses[i - 1]!)
})

test('the order of columns changes nothing but their numbers', () => {
  const { columns, labels } = wavy(2000)
  const order = [3, 0, 9, 7, 1, 8, 4, 2, 6, 5]
  const model = fitTrees({ columns, labels }, { trees: 10 })
  const shuffled = fitTrees({ columns: order.map((from) => columns[from]!), labels }, { trees: 10 })
  const renamed = shuffled.trees.map((tree) => ({
    ...tree,
    feature: tree.feature.map((at) => (at < 0 ? -1 : order[at]!)),
  }))
  expect(renamed).toEqual(model.trees)
})

test('the type of a column changes nothing but its precision', () => {
  const values = Array.from({ length: 400 }, (_, i) => (i * 7) % 100)
  const labels = Uint8Array.from(values, (value, i) => Number((value + (i % 3) * 20) % 50 < 20))
  const model = fitTrees({ columns: [Float64Array.from(values)], labels })
  for (const Type of [Float32Array, Int8Array, Uint8Array, Int16Array, Uint16Array, Int32Array, Uint32Array])
    expect(fitTrees({ columns: [Type.from(values)], labels })).toEqual(model)
})

test('a model is the same after JSON', () => {
  const { columns, labels } = wavy(500)
  const model = fitTrees({ columns, labels }, { trees: 5 })
  expect(JSON.parse(JSON.stringify(model))).toStrictEqual(model)
})

test('wrong examples and options are refused', () => {
  const fit = (columns: Column[], labels: number[]) => fitTrees({ columns, labels: Uint8Array.from(labels) })
  expect(() => fit([], [1])).toThrow('there is nothing to learn from')
  expect(() => fit([new Float32Array(0)], [])).toThrow('there is nothing to learn from')
  expect(() => fit([Float32Array.of(1), Float32Array.of(1, 2)], [1])).toThrow(
    'column 1 has 2 rows, but there are 1 labels',
  )
  expect(() => fit([Float32Array.of(1, 2)], [1, 2])).toThrow('the label of row 1 is 2, neither 0 nor 1')
  expect(() => predict(fit([Float32Array.of(1)], [1]), [])).toThrow('the model takes 1 columns, not 0')
  const wrong = [{ trees: 0 }, { leaves: 1 }, { bins: 256 }, { learningRate: 0 }, { l2: -1 }, { minLeafWeight: 0 }]
  expect(wrong.filter((options) => Boosting.safeParse(options).success)).toEqual([])
})

const cell = fc.oneof(
  { weight: 9, arbitrary: fc.integer({ min: 0, max: 6 }) },
  { weight: 1, arbitrary: fc.constant(NaN) },
)
const examples = fc
  .record({ rows: fc.integer({ min: 1, max: 50 }), features: fc.integer({ min: 1, max: 10 }) })
  .chain(({ rows, features }) =>
    fc.record({
      columns: fc.array(
        fc.array(cell, { minLength: rows, maxLength: rows }).map((values) => Float64Array.from(values)),
        { minLength: features, maxLength: features },
      ),
      labels: fc
        .array(fc.integer({ min: 0, max: 1 }), { minLength: rows, maxLength: rows })
        .map((labels) => Uint8Array.from(labels)),
    }),
  )
const options = fc.record({
  trees: fc.integer({ min: 1, max: 4 }),
  leaves: fc.integer({ min: 2, max: 7 }),
  learningRate: fc.constantFrom(0.1, 0.5, 1),
  minLeafWeight: fc.constantFrom(0.01, 0.25, 1, 1.5),
  l2: fc.constantFrom(0, 0.5, 1),
})

test('trees equal those of a slow and simple program', () => {
  fc.assert(
    fc.property(examples, options, (examples, options) => {
      expect(fitTrees(examples, options).trees.map((tree) => drawn(tree))).toEqual(fitSlowly(examples, options))
    }),
    { numRuns: 150 },
  )
})

test('the order of rows changes nothing at all', () => {
  const shuffled = examples.chain((examples) =>
    fc.record({
      examples: fc.constant(examples),
      order: fc.shuffledSubarray([...examples.labels.keys()], { minLength: examples.labels.length }),
    }),
  )
  fc.assert(
    fc.property(shuffled, options, ({ examples: { columns, labels }, order }, options) => {
      const reordered: Examples = {
        columns: columns.map((column) => Float64Array.from(order, (row) => column[row]!)),
        labels: Uint8Array.from(order, (row) => labels[row]!),
      }
      expect(fitTrees(reordered, options)).toStrictEqual(fitTrees({ columns, labels }, options))
    }),
  )
})

test('the fitted values of the rows are what the model predicts', () => {
  // The values of the last tree are Newton's steps from where the fit believes its rows to be.
  const { columns, labels } = wavy(3000)
  const model = fitTrees({ columns, labels }, { trees: 30, leaves: 8 })
  const before = predict(firstTrees(model, 29), columns)
  const residuals = (rows: number[]) => rows.reduce((sum, row) => sum + labels[row]! - before[row]!, 0)
  const weights = (rows: number[]) => rows.reduce((sum, row) => sum + before[row]! * (1 - before[row]!), 0)
  const last = { ...model, bias: 0, trees: [model.trees[29]!] }
  const steps = Array.from(predict(last, columns), (probability) => Math.log(probability / (1 - probability)))
  for (const rows of Map.groupBy(steps.keys(), (row) => steps[row]!.toFixed(9)).values())
    expect(steps[rows[0]!]).toBeCloseTo((0.2 * residuals(rows)) / (weights(rows) + 1), 5)
})

/** Ten columns of noise, four of which the label depends on. */
function wavy(rows: number): { columns: Float32Array[]; labels: Uint8Array } {
  const random = noise(7)
  const columns = Array.from({ length: 10 }, () => Float32Array.from({ length: rows }, random))
  const [a, b, c, d] = columns as [Float32Array, Float32Array, Float32Array, Float32Array]
  const labels = Uint8Array.from({ length: rows }, (_, row) =>
    Number(Math.sin(9 * a[row]!) + b[row]! * c[row]! * 3 + Number(d[row]! > 0.7) + random() > 1.6),
  )
  return { columns, labels }
}
