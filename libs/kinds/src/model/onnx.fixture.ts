// Writes small ONNX models by hand, for tests. Field numbers are those of onnx.proto3.
type Field = number[]

export interface Tensor {
  readonly name: string
  /** TensorProto.DataType: 1 float32, 7 int64, 8 string, 11 float64. */
  readonly type: number
  readonly dims?: readonly (number | string)[]
}
export interface TestModel {
  readonly inputs: readonly Tensor[]
  readonly outputs: readonly Tensor[]
  readonly nodes: readonly { readonly op: string; readonly inputs: string[]; readonly outputs: string[] }[]
  /** Names of weights that lie in another file. */
  readonly external?: readonly string[]
}

export function onnx({ inputs, outputs, nodes, external = [] }: TestModel): Uint8Array {
  const graph = [
    ...nodes.flatMap(({ op, inputs, outputs }) =>
      bytes(1, [
        ...inputs.flatMap((name) => bytes(1, name)),
        ...outputs.flatMap((name) => bytes(2, name)),
        ...bytes(4, op),
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
  ])
}

function tensor({ name, type, dims }: Tensor): Field {
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

/** Twice its input, row by row. */
export function doubling(columns: number, type = 1): Uint8Array {
  return onnx({
    inputs: [{ name: 'features', type, dims: ['rows', columns] }],
    outputs: [{ name: 'doubled', type, dims: ['rows', columns] }],
    nodes: [{ op: 'Add', inputs: ['features', 'features'], outputs: ['doubled'] }],
  })
}
