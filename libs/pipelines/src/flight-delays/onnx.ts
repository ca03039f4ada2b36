import type { BoostedTrees } from './boosted-trees.ts'

/** ONNX 1.12, of 2022, which current runtimes read. */
const IR_VERSION = 8
const OPSETS = { '': 17, 'ai.onnx.ml': 3 }

/**
 * Writes the model as an ONNX file. Its input is `features`, float32 [N, names.length]; its output is `probability`,
 * float32 [N]. In each tree, a row reaches the same leaf as in `predict`. Probabilities differ by less than 1e-6.
 *
 * @param names the names of the features, in order; stored as JSON in the metadata, under `features`
 */
export function toOnnx({ features, bias, trees }: BoostedTrees, names: readonly string[]): Uint8Array {
  if (names.length !== features) throw new RangeError(`the model has ${features} features, but ${names.length} names`)
  const nodes = trees.flatMap(({ feature, threshold, left, right, value }, tree) =>
    feature.map((at, id) => ({
      tree,
      id,
      isLeaf: at < 0,
      feature: Math.max(at, 0),
      threshold: threshold[id]!,
      left: left[id]!,
      right: right[id]!,
      value: value[id]!,
    })),
  )
  const leaves = nodes.filter(({ isLeaf }) => isLeaf)

  // https://onnx.ai/onnx/operators/onnx_aionnxml_TreeEnsembleRegressor.html
  const logOdds = operator('ai.onnx.ml', 'TreeEnsembleRegressor', ['features'], 'log_odds', {
    n_targets: int(1),
    base_values: floats([bias]),
    nodes_treeids: ints(nodes.map(({ tree }) => tree)),
    nodes_nodeids: ints(nodes.map(({ id }) => id)),
    nodes_modes: strings(nodes.map(({ isLeaf }) => (isLeaf ? 'LEAF' : 'BRANCH_LEQ'))),
    nodes_featureids: ints(nodes.map(({ feature }) => feature)),
    nodes_values: floats(nodes.map(({ threshold }) => threshold)),
    nodes_truenodeids: ints(nodes.map(({ left }) => left)),
    nodes_falsenodeids: ints(nodes.map(({ right }) => right)),
    target_treeids: ints(leaves.map(({ tree }) => tree)),
    target_nodeids: ints(leaves.map(({ id }) => id)),
    target_ids: ints(leaves.map(() => 0)),
    target_weights: floats(leaves.map(({ value }) => value)),
  })
  const graph = message([
    field(1, logOdds),
    field(1, operator('', 'Sigmoid', ['log_odds'], 'column')),
    field(1, operator('', 'Squeeze', ['column', 'axis'], 'probability')),
    field(2, 'boosted_trees'),
    field(5, message([field(1, 1), field(2, INT64), field(7, varint(1)), field(8, 'axis')])), // [1]
    field(11, tensor('features', ['N', names.length])),
    field(12, tensor('probability', ['N'])),
  ])
  return message([
    field(1, IR_VERSION),
    field(2, 'cairn'),
    field(7, graph),
    ...Object.entries(OPSETS).map(([domain, version]) => field(8, message([field(1, domain), field(2, version)]))),
    field(14, message([field(1, 'features'), field(2, JSON.stringify(names))])),
  ])
}

// The functions below write protocol buffers (https://protobuf.dev/programming-guides/encoding). The numbers of fields
// and types are those of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto.

const FLOAT32 = 1
const INT64 = 7

const int = (value: number) => message([field(3, value), field(20, 2)])
const floats = (values: number[]) => message([...values.map((value) => float(7, value)), field(20, 6)])
const ints = (values: number[]) => message([...values.map((value) => field(8, value)), field(20, 7)])
const strings = (values: string[]) => message([...values.map((value) => field(9, value)), field(20, 8)])

function operator(
  domain: string,
  type: string,
  inputs: string[],
  output: string,
  attributes: Readonly<Record<string, Uint8Array>> = {},
): Uint8Array {
  return message([
    ...inputs.map((input) => field(1, input)),
    field(2, output),
    field(4, type),
    ...Object.entries(attributes).map(([name, value]) => field(5, message([field(1, name), value]))),
    field(7, domain),
  ])
}

/** @param shape lengths, or names for variable lengths */
function tensor(name: string, shape: (number | string)[]): Uint8Array {
  const lengths = shape.map((length) => field(1, field(typeof length === 'number' ? 1 : 2, length)))
  const type = message([field(1, FLOAT32), field(2, message(lengths))])
  return message([field(1, name), field(2, field(1, type))])
}

function field(number: number, value: number | string | Uint8Array): Uint8Array {
  if (typeof value === 'number') return message([varint(number << 3), varint(value)])
  const bytes = typeof value === 'string' ? new TextEncoder().encode(value) : value
  return message([varint((number << 3) | 2), varint(bytes.length), bytes])
}

function float(number: number, value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setFloat32(0, value, true)
  return message([varint((number << 3) | 5), bytes])
}

/** @param value 0 to 2^31 - 1 */
function varint(value: number): Uint8Array {
  const bytes: number[] = []
  for (; value > 127; value >>>= 7) bytes.push((value & 127) | 128)
  return Uint8Array.of(...bytes, value)
}

function message(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}
