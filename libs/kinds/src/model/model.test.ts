import { writeFileSync } from 'node:fs'
import { afterAll, expect, test } from 'vitest'
import { artifactFolder, checkKind } from '../testing.ts'
import { model } from './model.ts'
import { doubling, onnx, zipMap } from './onnx.fixture.ts'
import type { OnnxGraph } from './onnx-graph.ts'

const folder = artifactFolder()
afterAll(() => folder[Symbol.dispose]())
const path = folder.encoder.file()
writeFileSync(path, doubling(2))

const Doubling = model({ inputs: { features: 'float32[*,2]' }, outputs: { doubled: 'float32[*,2]' } })
const opened = async (bytes: Uint8Array, kind = model()) => kind.decode(await folder.write(kind, bytes))

test('model meets the contract of the engine', async () => {
  await checkKind(Doubling, {
    values: [doubling(2), path, { path }, await opened(doubling(2))],
    refused: [null, 3, '/no/such/file', new Uint8Array(), Uint8Array.of(1, 2, 3), doubling(3), doubling(2, 11)],
    read: async (read) => Buffer.from(await read.bytes()).toString('base64'),
    expect: () => Buffer.from(doubling(2)).toString('base64'),
  })
  await checkKind(model(), {
    values: [doubling(5)],
    read: (read) => read.bytes(),
    expect: () => Buffer.from(doubling(5)),
  })
})

test('it writes a graph that a step describes', async () => {
  const graph: OnnxGraph = {
    name: 'scaled',
    opsets: { 'ai.onnx': 17 },
    inputs: { features: { shape: ['rows', 2] } },
    outputs: { doubled: { shape: ['rows', 2] } },
    nodes: [
      { operator: 'Constant', inputs: [], outputs: ['half'], attributes: { value_float: { float: 0.5 } } },
      { operator: 'Div', inputs: ['features', 'half'], outputs: ['doubled'] },
    ],
    metadata: { made: 'by a step' },
  }
  const found = await Doubling.decode(await folder.write(Doubling, graph))
  expect(await found.predict({ features: [1, -2.5] })).toEqual({ doubled: Float32Array.of(2, -5) })
  expect(await found.describe()).toMatchObject({ producer: 'cairn', operators: { Constant: 1, Div: 1 } })
  const written = async (nodes: object[]) => folder.write(model(), { ...graph, nodes } as OnnxGraph)
  const attributes = { half: { int: 0.5 } }
  await expect(written([{ operator: 'Neg', inputs: ['features'], outputs: ['doubled'], attributes }])).rejects.toThrow(
    /^the graph cannot be written as ONNX: .*0\.5/,
  )
  await expect(written([{ operator: 'Nothing', inputs: ['features'], outputs: ['doubled'] }])).rejects.toThrow(
    /Nothing/,
  )
})

test('it predicts from rows and from columns', async () => {
  const found = await Doubling.decode(await folder.write(Doubling, doubling(2)))
  expect(await found.predict({ features: Float32Array.of(1, 2, 3, 4) })).toEqual({
    doubled: Float32Array.of(2, 4, 6, 8),
  })
  expect(await found.predict({ features: [1, 2] })).toEqual({ doubled: Float32Array.of(2, 4) })
  const columns = [Float64Array.of(1, 3, 5), Int32Array.of(2, 4, 6)]
  expect(await found.predict({ features: columns })).toEqual({ doubled: Float32Array.of(2, 4, 6, 8, 10, 12) })
})

test('many rows are predicted in batches, with the same result', async () => {
  const found = await opened(doubling(2))
  const features = Float32Array.from({ length: 2 * 1001 }, (_, index) => index)
  const expected = { doubled: features.map((value) => value * 2) }
  for (const batch of [1, 7, 1000, 1001, Infinity])
    expect(await found.predict({ features }, { batch })).toEqual(expected)
  expect(await found.predict({ features: [features, features] }, { batch: 64 })).toMatchObject({
    doubled: { length: 2 * features.length },
  })
  expect(await found.predict({ features: new Float32Array() })).toEqual({ doubled: new Float32Array() })
})

test('64-bit integers and strings can be fed', async () => {
  const longs = await opened(doubling(1, 7))
  expect(await longs.predict({ features: [1, 2] })).toEqual({ doubled: BigInt64Array.of(2n, 4n) })
  const identity = onnx({
    inputs: [{ name: 'words', type: 8, dims: ['n'] }],
    outputs: [{ name: 'same', type: 8, dims: ['n'] }],
    nodes: [{ op: 'Identity', inputs: ['words'], outputs: ['same'] }],
  })
  const words = await opened(identity)
  expect(await words.predict({ words: ['a', 'é', 'b'] }, { batch: 2 })).toEqual({ same: ['a', 'é', 'b'] })
})

test('values that do not fit the inputs are refused by name', async () => {
  const found = await opened(doubling(2))
  const wrong = async (feeds: Record<string, unknown>, message: string) =>
    expect(found.predict(feeds as never)).rejects.toThrow(message)
  await wrong({ feature: [1, 2] }, 'the model has no input "feature"')
  await wrong({}, 'input "features" must be an array, not undefined')
  await wrong({ features: [1, 2, 3] }, 'input "features" received 3 values, which is not a multiple of 2')
  await wrong({ features: [[1], [2], [3]] }, 'input "features" has the shape [rows,2], but received 3 columns')
  await wrong({ features: [[1, 2], [3]] }, 'input "features": column 1 has 1 rows, but column 0 has 2')
})

test('values that a tensor cannot hold are refused by name, never wrapped or rounded', async () => {
  const wrong = async (type: number, feed: unknown, message: string) =>
    expect((await opened(doubling(1, type))).predict({ features: feed as never })).rejects.toThrow(message)
  await wrong(1, [1, null], 'input "features", row 1: is null, not float32')
  await wrong(1, ['1'], 'input "features", row 0: is \'1\', not float32')
  await wrong(1, [1n], 'is 1n, not float32')
  await wrong(1, [1e300], 'is 1e+300, not float32')
  await wrong(7, [1.5], 'is 1.5, not int64')
  await wrong(7, [2 ** 60], 'not int64')
  await wrong(7, [2n ** 63n], 'is 9223372036854775808n, not int64')
  await wrong(6, [[1, NaN]], 'input "features", row 1: is NaN, not int32')
  await wrong(6, [2 ** 31], 'is 2147483648, not int32')
  const found = await opened(doubling(1, 11))
  expect(await found.predict({ features: [NaN, -0, Infinity] })).toEqual({
    doubled: Float64Array.of(NaN, -0, Infinity),
  })
})

test('an output that is not a tensor is refused by name, the others can be requested', async () => {
  const classifier = await opened(zipMap())
  const features = { features: [1, 2, 2, 1] }
  await expect(classifier.predict(features)).rejects.toMatchObject({
    code: 'BAD_DEFINITION',
    message: 'output "probabilities" of the model is a sequence or a map, but predict returns only tensors',
    next: `export the model with tensors (skl2onnx: convert_sklearn(…, options={"zipmap": False})), or request other outputs: predict(feeds, { outputs: ['label'] })`,
  })
  const label = { label: BigInt64Array.of(1n, 0n) }
  expect(await classifier.predict(features, { outputs: ['label'] })).toEqual(label)
  const declared = model({ inputs: { features: 'float32[*,2]' }, outputs: { label: 'int64[*]' } })
  expect(await (await opened(zipMap(), declared as never)).predict(features)).toEqual(label)
  await expect(classifier.predict(features, { outputs: ['lable'] })).rejects.toMatchObject({
    message: 'the model has no output "lable"',
    next: 'did you mean "label"?',
  })
})

test('a model that takes a fixed number of rows gets that many at a time', async () => {
  const pairs = onnx({
    inputs: [{ name: 'x', type: 1, dims: [2, 1] }],
    outputs: [{ name: 'y', type: 1, dims: [2, 1] }],
    nodes: [{ op: 'Add', inputs: ['x', 'x'], outputs: ['y'] }],
  })
  const found = await opened(pairs)
  expect(await found.predict({ x: [1, 2, 3, 4] })).toEqual({ y: Float32Array.of(2, 4, 6, 8) })
  await expect(found.predict({ x: [1, 2, 3] })).rejects.toThrow(
    'the model takes 2 rows at a time, but 3 rows is not a multiple of that',
  )
})

test('an output without a row for each input row cannot be batched', async () => {
  const sum = onnx({
    inputs: [{ name: 'x', type: 1, dims: ['n'] }],
    outputs: [{ name: 'sum', type: 1, dims: [1] }],
    nodes: [{ op: 'ReduceSum', inputs: ['x'], outputs: ['sum'] }],
  })
  const found = await opened(sum)
  expect(await found.predict({ x: [1, 2, 3] })).toEqual({ sum: Float32Array.of(6) })
  await expect(found.predict({ x: [1, 2, 3] }, { batch: 2 })).rejects.toThrow(
    'output "sum" does not have a row for each row',
  )
})

test('a refusal says what the model has instead', async () => {
  await expect(folder.write(Doubling, doubling(3))).rejects.toMatchObject({
    code: 'BAD_OUTPUT',
    message: 'input "features" of the model is float32[*,3], not float32[*,2]',
    next: 'its inputs are features float32[*,3]',
  })
  const Other = model({ inputs: { features: 'float32' }, outputs: { late: 'float32' } })
  await expect(folder.write(Other, doubling(2))).rejects.toThrow('output "late" of the model is missing, not float32')
  const unknown = onnx({
    inputs: [{ name: 'x', type: 1, dims: ['n'] }],
    outputs: [{ name: 'y', type: 1, dims: ['n'] }],
    nodes: [{ op: 'NoSuchOperator', inputs: ['x'], outputs: ['y'] }],
  })
  await expect(folder.write(model(), unknown)).rejects.toThrow('the model cannot be loaded:')
  await expect(
    folder.write(model(), onnx({ inputs: [], outputs: [], nodes: [], external: ['weights'] })),
  ).rejects.toThrow('the model stores its weights in other files')
})

test('it describes itself', async () => {
  const artifact = await folder.write(model(), doubling(2))
  const described = {
    inputs: { features: 'float32[*,2]' },
    outputs: { doubled: 'float32[*,2]' },
    opsets: { 'ai.onnx': 17, 'ai.onnx.ml': 2 },
    producer: 'cairn-test 1.0',
    operators: { Add: 1 },
  }
  expect(await (await model().decode(artifact)).describe()).toEqual(described)
  expect(await model().preview!(artifact, { rows: 1 })).toEqual({ type: 'summary', fields: described })
  expect(artifact.ref.summary).toEqual({ inputs: 'features float32[*,2]', outputs: 'doubled float32[*,2]', nodes: 1 })
})

test('an input accepts models with the same inputs and at least its outputs', () => {
  const written = (outputs: Record<string, 'float32'>) => ({
    kind: 'model',
    version: 1,
    schema: model({ inputs: { x: 'float32[*, 2]' }, outputs }).schema,
  })
  const { accepts } = model({ inputs: { x: 'float32[*,2]' }, outputs: { a: 'float32' } })
  expect(accepts!(written({ a: 'float32', b: 'float32' }))).toBe(true)
  expect(accepts!(written({ b: 'float32' }))).toBe(false)
  expect(accepts!({ kind: 'model', version: 1, schema: true })).toBe(false)
  expect(model().accepts!(written({ b: 'float32' }))).toBe(true)
})

test('a wrong declaration is refused at once', () => {
  expect(() => model({ inputs: { x: 'float' as never }, outputs: {} })).toThrow(
    'tensor "x" has an invalid declaration: "float"',
  )
  expect(() => model({ inputs: { x: 'float32[2' as never }, outputs: {} })).toThrow(
    'tensor "x" has an invalid declaration: "float32[2"',
  )
})
