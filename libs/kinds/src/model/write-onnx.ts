import type { OnnxAttribute, OnnxGraph, OnnxNode, OnnxTensor } from './onnx-graph.ts'
import { packed, writeMessage, type Field } from './onnx-wire.ts'

/** ONNX 1.12, of 2022, which current runtimes read. */
const IR_VERSION = 8
const PRODUCER = 'cairn'
const FLOAT32 = 1
const INT64 = 7

// The numbers of fields and types are those of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto

/** Writes a graph as an ONNX file. The same graph gives the same bytes. */
export function writeOnnx({
  name,
  opsets,
  inputs,
  outputs,
  nodes,
  constants = {},
  metadata = {},
}: OnnxGraph): Uint8Array {
  const graph = writeMessage(
    ...nodes.map((node): Field => [1, nodeMessage(node)]),
    [2, name],
    ...Object.entries(constants).map(([constant, values]): Field => [5, constantMessage(constant, values)]),
    ...Object.entries(inputs).map((input): Field => [11, tensorMessage(...input)]),
    ...Object.entries(outputs).map((output): Field => [12, tensorMessage(...output)]),
  )
  return writeMessage(
    [1, IR_VERSION],
    [2, PRODUCER],
    [7, graph],
    ...Object.entries(opsets).map(([domain, version]): Field => [
      8,
      writeMessage([1, domain === 'ai.onnx' ? '' : domain], [2, version]),
    ]),
    ...Object.entries(metadata).map(([key, value]): Field => [14, writeMessage([1, key], [2, value])]),
  )
}

function nodeMessage({ operator, domain = 'ai.onnx', inputs, outputs, attributes = {} }: OnnxNode): Uint8Array {
  return writeMessage(
    ...inputs.map((input): Field => [1, input]),
    ...outputs.map((output): Field => [2, output]),
    [4, operator],
    ...Object.entries(attributes).map((attribute): Field => [5, attributeMessage(...attribute)]),
    [7, domain === 'ai.onnx' ? '' : domain],
  )
}

function attributeMessage(name: string, value: OnnxAttribute): Uint8Array {
  const fields = (): Field[] => {
    if ('int' in value) return [[3, value.int] as const, [20, 2]]
    if ('float' in value)
      return [
        [2, value],
        [20, 1],
      ]
    if ('floats' in value) return [...value.floats.map((float): Field => [7, { float }]), [20, 6]]
    if ('ints' in value) return [...value.ints.map((int): Field => [8, int]), [20, 7]]
    return [...value.strings.map((text): Field => [9, text]), [20, 8]]
  }
  return writeMessage([1, name], ...fields())
}

function constantMessage(name: string, values: readonly number[]): Uint8Array {
  return writeMessage([1, values.length], [2, INT64], [7, packed(values)], [8, name])
}

function tensorMessage(name: string, { shape }: OnnxTensor): Uint8Array {
  const lengths = shape.map((length): Field => [1, writeMessage([typeof length === 'number' ? 1 : 2, length])])
  const type = writeMessage([1, FLOAT32], [2, writeMessage(...lengths)])
  return writeMessage([1, name], [2, writeMessage([1, type])])
}
