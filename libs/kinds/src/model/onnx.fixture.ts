import { writeMessage, type Field } from './onnx-wire.ts'

// Writes small ONNX models for tests, also with what `writeOnnx` does not write. Field numbers are those of onnx.proto3.

export interface Tensor {
  readonly name: string
  /** For a sequence of maps from integers to floats: set instead of dimensions. */
  readonly maps?: true
  /** TensorProto.DataType: 1 float32, 7 int64, 8 string, 11 float64. */
  readonly type: number
  readonly dims?: readonly (number | string)[]
}
export interface TestModel {
  readonly inputs: readonly Tensor[]
  readonly outputs: readonly Tensor[]
  readonly nodes: readonly Node[]
  /** The names of weights that are stored in another file. */
  readonly external?: readonly string[]
}

interface Node {
  readonly op: string
  readonly inputs: string[]
  readonly outputs: string[]
  /** Integer attributes, by name. */
  readonly numbers?: Readonly<Record<string, readonly number[]>>
  readonly domain?: string
}

export function onnx({ inputs, outputs, nodes, external = [] }: TestModel): Uint8Array {
  const graph = writeMessage(
    ...nodes.map(({ op, inputs, outputs, numbers = {}, domain }): Field => [
      1,
      writeMessage(
        ...inputs.map((name): Field => [1, name]),
        ...outputs.map((name): Field => [2, name]),
        [4, op],
        ...Object.entries(numbers).map(([name, values]): Field => [5, attribute(name, values)]),
        ...(domain === undefined ? [] : [[7, domain] as const]),
      ),
    ]),
    [2, 'test'],
    ...external.map((name): Field => [5, writeMessage([2, 1], [8, name], [14, 1])]),
    ...inputs.map((input): Field => [11, tensor(input)]),
    ...outputs.map((output): Field => [12, tensor(output)]),
  )
  return writeMessage(
    [1, 8],
    [2, 'cairn-test'],
    [3, '1.0'],
    [7, graph],
    [8, writeMessage([2, 17])],
    [8, writeMessage([1, 'ai.onnx.ml'], [2, 2])],
  )
}

/** A list of integers, or a single integer. */
function attribute(name: string, values: readonly number[]): Uint8Array {
  const isList = name.startsWith('classlabels')
  const held = isList ? values.map((value): Field => [8, value]) : [[3, values[0]!] as const]
  return writeMessage([1, name], ...held, [20, isList ? 7 : 2])
}

function tensor({ name, type, dims, maps }: Tensor): Uint8Array {
  if (maps) {
    const map = writeMessage([1, 7], [2, writeMessage([1, writeMessage([1, type])])])
    return writeMessage([1, name], [2, writeMessage([4, writeMessage([1, writeMessage([5, map])])])])
  }
  const dimension = (length: number | string): Field => [1, writeMessage([typeof length === 'number' ? 1 : 2, length])]
  const shape: Field[] = dims ? [[2, writeMessage(...dims.map(dimension))]] : []
  return writeMessage([1, name], [2, writeMessage([1, writeMessage([1, type], ...shape)])])
}

/** A model that doubles its input, row by row. */
export function doubling(columns: number, type = 1): Uint8Array {
  return onnx({
    inputs: [{ name: 'features', type, dims: ['rows', columns] }],
    outputs: [{ name: 'doubled', type, dims: ['rows', columns] }],
    nodes: [{ op: 'Add', inputs: ['features', 'features'], outputs: ['doubled'] }],
  })
}

/** A two-class classifier like those of skl2onnx: the greater of two features, and a map of both for each row. */
export function zipMap(): Uint8Array {
  return onnx({
    inputs: [{ name: 'features', type: 1, dims: ['rows', 2] }],
    outputs: [
      { name: 'label', type: 7, dims: ['rows'] },
      { name: 'probabilities', type: 1, maps: true },
    ],
    nodes: [
      { op: 'ArgMax', inputs: ['features'], outputs: ['label'], numbers: { axis: [1], keepdims: [0] } },
      {
        op: 'ZipMap',
        inputs: ['features'],
        outputs: ['probabilities'],
        numbers: { classlabels_int64s: [0, 1] },
        domain: 'ai.onnx.ml',
      },
    ],
  })
}
