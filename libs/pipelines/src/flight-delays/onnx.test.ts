import fc from 'fast-check'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { expect, test } from 'vitest'
import { writeOnnx } from 'cairn/kinds/testing'
import { fitTrees, predict, type BoostedTrees, type Column } from './boosted-trees.ts'
import { toOnnx } from './onnx.ts'
import { noise } from './slow-trees.fixture.ts'

async function predictWithOnnx(model: BoostedTrees, columns: readonly Column[]): Promise<Float32Array> {
  const names = columns.map((_, index) => `f${index}`)
  const rows = Array.from(columns[0]!, (_, row) => columns.map((column) => column[row]!))
  const session = await InferenceSession.create(writeOnnx(toOnnx(model, names)), { intraOpNumThreads: 1 })
  const { probability } = await session.run({
    features: new Tensor('float32', rows.flat(), [rows.length, names.length]),
  })
  expect(probability!.dims).toEqual([rows.length])
  return probability!.data as Float32Array
}

/** Where a row ends in a tree then shows in its probability. */
function withLeavesNumbered(model: BoostedTrees, tree: number): BoostedTrees {
  const { feature, ...rest } = model.trees[tree]!
  const value = feature.map((at, node) => (at < 0 ? (8 * node) / feature.length - 4 : 0))
  return { ...model, bias: 0, trees: [{ ...rest, feature, value }] }
}

async function expectSame(model: BoostedTrees, columns: readonly Column[]): Promise<void> {
  const expected = predict(model, columns)
  const found = await predictWithOnnx(model, columns)
  const differences = expected.map((probability, row) => Math.abs(found[row]! - probability))
  expect(differences.reduce((largest, each) => Math.max(largest, each))).toBeLessThan(2e-7)
}

const value = fc.oneof(
  fc.integer({ min: -3, max: 3 }),
  fc.float({ noNaN: true, noDefaultInfinity: true }),
  fc.double({ noNaN: true, noDefaultInfinity: true, min: -2, max: 2 }),
  fc.constantFrom(NaN, 0, -0, 1 + 2 ** -23, 1 + 2 ** -24, 3.4028234663852886e38),
)

test('onnxruntime sends every row to the same leaf', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(value, value, value, fc.integer({ min: 0, max: 1 })), { minLength: 2, maxLength: 80 }),
      async (rows) => {
        const columns = [0, 1, 2].map((j) => Float64Array.from(rows, (row) => row[j]!))
        const labels = Uint8Array.from(rows, (row) => row[3])
        const model = fitTrees({ columns, labels }, { trees: 3, leaves: 12, minLeafWeight: 0.1 })
        const numbered = model.trees.map((_, tree) => withLeavesNumbered(model, tree))
        const close = model.trees.flatMap(({ threshold }) => threshold).flatMap(neighbours)
        const asked = columns.map((column) => Float64Array.of(...column, ...close))
        for (const each of [model, ...numbered]) await expectSame(each, asked)
      },
    ),
    { numRuns: 40 },
  )
})

test('probabilities of many trees differ only by rounding', async () => {
  const random = noise(11)
  const columns = Array.from({ length: 9 }, () => Float64Array.from({ length: 4000 }, random))
  const labels = Uint8Array.from(columns[0]!, (x, row) => Number(x * columns[8]![row]! + 0.3 * random() > 0.4))
  await expectSame(fitTrees({ columns, labels }, { trees: 300, leaves: 15 }), columns)
})

test('a single row and a model without splits work', async () => {
  const columns = [Float64Array.of(1)]
  await expectSame(fitTrees({ columns, labels: Uint8Array.of(1) }), columns)
})

test('the same model has the same bytes, also after JSON', () => {
  const columns = [Float64Array.from({ length: 100 }, noise(3))]
  const fit = () => fitTrees({ columns, labels: Uint8Array.from(columns[0]!, (x) => Number(x > 0.4)) }, { trees: 20 })
  const written = (model: BoostedTrees) => writeOnnx(toOnnx(model, ['x']))
  const bytes = written(fit())
  expect(written(fit())).toEqual(bytes)
  expect(written(JSON.parse(JSON.stringify(fit())) as BoostedTrees)).toEqual(bytes)
})

test('the file names its features, its input and its output', async () => {
  const columns = [Float64Array.of(1, 2), Float64Array.of(3, 4)]
  const bytes = writeOnnx(toOnnx(fitTrees({ columns, labels: Uint8Array.of(0, 1) }), ['minute', 'Flüge']))
  const { inputMetadata, outputMetadata } = await InferenceSession.create(bytes)
  expect(inputMetadata).toMatchObject([{ name: 'features', type: 'float32', shape: ['N', 2] }])
  expect(outputMetadata).toMatchObject([{ name: 'probability', type: 'float32', shape: ['N'] }])
  expect(new TextDecoder().decode(bytes)).toContain('["minute","Flüge"]')
  expect(() => toOnnx(fitTrees({ columns, labels: Uint8Array.of(0, 1) }), ['minute'])).toThrow(
    'the model has 2 features, but 1 names',
  )
})

/** The number, and the float32 numbers next to it. */
function neighbours(value: number): number[] {
  const bits = new Int32Array(Float32Array.of(value).buffer)[0]!
  return [...new Float32Array(Int32Array.of(bits - 1, bits, bits + 1).buffer)]
}
