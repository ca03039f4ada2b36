import { CairnError } from '@cairn/kernel'
import { readMessage } from './onnx-wire.ts'
import type { TensorShape } from './tensors.ts'

/** The description of an ONNX file. */
export interface ModelSummary {
  readonly inputs: Readonly<Record<string, TensorShape>>
  readonly outputs: Readonly<Record<string, TensorShape>>
  /** The versions of the operator sets, by domain. The standard domain is `ai.onnx`. */
  readonly opsets: Readonly<Record<string, number>>
  /** The program that wrote the file, and its version. */
  readonly producer: string
  /** The number of nodes of each operator. */
  readonly operators: Readonly<Record<string, number>>
}

// Field numbers are those of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3

/** Reads an ONNX file. @throws CairnError BAD_OUTPUT for bytes that are not a self-contained ONNX model */
export function readOnnx(bytes: Uint8Array): ModelSummary {
  try {
    const model = readMessage(bytes)
    const graph = readMessage(model.bytes(7)!)
    const weights = graph.all(5).map(readMessage)
    if (weights.some((tensor) => tensor.number(14) === 1))
      throw new CairnError('BAD_OUTPUT', 'the model stores its weights in other files', {
        next: 'save it as one file, without external data',
      })
    const constants = new Set(weights.map((tensor) => tensor.text(8)))
    const inputs = graph
      .all(11)
      .map(readValue)
      .filter(([name]) => !constants.has(name))
    const operators: Record<string, number> = {}
    for (const node of graph.all(1)) {
      const operator = readMessage(node).text(4)
      operators[operator] = (operators[operator] ?? 0) + 1
    }
    const opsets = model.all(8).map(readMessage)
    return {
      inputs: Object.fromEntries(inputs),
      outputs: Object.fromEntries(graph.all(12).map(readValue)),
      opsets: Object.fromEntries(opsets.map((opset) => [opset.text(1) || 'ai.onnx', opset.number(2) ?? 0])),
      producer: [model.text(2), model.text(3)].filter(Boolean).join(' '),
      operators,
    }
  } catch (cause) {
    if (cause instanceof CairnError) throw cause
    throw new CairnError('BAD_OUTPUT', 'the bytes are not an ONNX model', { cause })
  }
}

const TYPES: Record<number, string> = {
  1: 'float32',
  2: 'uint8',
  3: 'int8',
  4: 'uint16',
  5: 'int16',
  6: 'int32',
  7: 'int64',
  8: 'string',
  9: 'bool',
  10: 'float16',
  11: 'float64',
  12: 'uint32',
  13: 'uint64',
  16: 'bfloat16',
}

function readValue(bytes: Uint8Array): [name: string, shape: TensorShape] {
  const value = readMessage(bytes)
  const type = readMessage(value.bytes(2) ?? new Uint8Array())
  const tensor = type.bytes(1)
  if (!tensor) return [value.text(1), { type: type.bytes(4) ? 'sequence' : 'map', shape: undefined }]
  const held = readMessage(tensor)
  const shape = held.bytes(2)
  const dimensions =
    shape &&
    readMessage(shape)
      .all(1)
      .map((dimension) => readMessage(dimension).number(1))
  return [value.text(1), { type: TYPES[held.number(1) ?? 0] ?? 'unknown', shape: dimensions }]
}
