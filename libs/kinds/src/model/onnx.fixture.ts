// Writes small ONNX models by hand, for tests. Field numbers are those of onnx.proto3.
type Field = number[]

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
  const graph = [
    ...nodes.flatMap(({ op, inputs, outputs, numbers = {}, domain }) =>
      bytes(1, [
        ...inputs.flatMap((name) => bytes(1, name)),
        ...outputs.flatMap((name) => bytes(2, name)),
        ...bytes(4, op),
        ...Object.entries(numbers).flatMap(([name, values]) => bytes(5, attribute(name, values))),
        ...(domain === undefined ? [] : bytes(7, domain)),
      ]),
    ),
    ...bytes(2, 'test'),
    ...external.flatMap((name) => bytes(5, [...number(2, 1), ...bytes(8, name), ...number(14, 1)])),
    ...inputs.flatMap((input) => bytes(11, tensor(input))),
    ...outputs.flatMap((output) => bytes(12, tensor(output))),
  ]
  return Uint8Array.from([
    ...number(1, 8),
    ...bytes(2, 'cairn-test'),
    ...bytes(3, '1.0'),
    ...bytes(7, graph),
    ...bytes(8, number(2, 17)),
    ...bytes(8, [...bytes(1, 'ai.onnx.ml'), ...number(2, 2)]),
  ])
}

/** A list of integers, or a single integer. */
function attribute(name: string, values: readonly number[]): Field {
  const isList = name.startsWith('classlabels')
  const held = isList ? values.flatMap((value) => number(8, value)) : number(3, values[0]!)
  return [...bytes(1, name), ...held, ...number(20, isList ? 7 : 2)]
}

function tensor({ name, type, dims, maps }: Tensor): Field {
  if (maps) {
    const value = bytes(1, number(1, type))
    const map = bytes(5, [...number(1, 7), ...bytes(2, value)])
    return [...bytes(1, name), ...bytes(2, bytes(4, bytes(1, map)))]
  }
  const dimension = (length: number | string) =>
    bytes(1, typeof length === 'number' ? number(1, length) : bytes(2, length))
  const shape = dims ? bytes(2, dims.flatMap(dimension)) : []
  return [...bytes(1, name), ...bytes(2, bytes(1, [...number(1, type), ...shape]))]
}

function number(field: number, value: number): Field {
  return [...varint(field * 8), ...varint(value)]
}

function bytes(field: number, content: string | Field): Field {
  const held = typeof content === 'string' ? [...Buffer.from(content)] : content
  return [...varint(field * 8 + 2), ...varint(held.length), ...held]
}

function varint(value: number): Field {
  return value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))]
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
