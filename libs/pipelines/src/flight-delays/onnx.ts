import type { OnnxGraph } from 'cairn/kinds'
import type { BoostedTrees } from './boosted-trees.ts'

/**
 * Describes the model as an ONNX graph. Its input is `features`, float32 [N, names.length]; its output is `probability`,
 * float32 [N]. In each tree, a row reaches the same leaf as in `predict`. Probabilities differ by less than 1e-6.
 *
 * @param names the names of the features, in order; stored as JSON in the metadata, under `features`
 */
export function toOnnx({ features, bias, trees }: BoostedTrees, names: readonly string[]): OnnxGraph {
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

  return {
    name: 'boosted_trees',
    opsets: { 'ai.onnx': 17, 'ai.onnx.ml': 3 },
    inputs: { features: { shape: ['N', names.length] } },
    outputs: { probability: { shape: ['N'] } },
    nodes: [
      {
        // https://onnx.ai/onnx/operators/onnx_aionnxml_TreeEnsembleRegressor.html
        operator: 'TreeEnsembleRegressor',
        domain: 'ai.onnx.ml',
        inputs: ['features'],
        outputs: ['log_odds'],
        attributes: {
          n_targets: { int: 1 },
          base_values: { floats: [bias] },
          nodes_treeids: { ints: nodes.map(({ tree }) => tree) },
          nodes_nodeids: { ints: nodes.map(({ id }) => id) },
          nodes_modes: { strings: nodes.map(({ isLeaf }) => (isLeaf ? 'LEAF' : 'BRANCH_LEQ')) },
          nodes_featureids: { ints: nodes.map(({ feature }) => feature) },
          nodes_values: { floats: nodes.map(({ threshold }) => threshold) },
          nodes_truenodeids: { ints: nodes.map(({ left }) => left) },
          nodes_falsenodeids: { ints: nodes.map(({ right }) => right) },
          target_treeids: { ints: leaves.map(({ tree }) => tree) },
          target_nodeids: { ints: leaves.map(({ id }) => id) },
          target_ids: { ints: leaves.map(() => 0) },
          target_weights: { floats: leaves.map(({ value }) => value) },
        },
      },
      { operator: 'Sigmoid', inputs: ['log_odds'], outputs: ['column'] },
      { operator: 'Squeeze', inputs: ['column', 'axis'], outputs: ['probability'] },
    ],
    constants: { axis: [1] },
    metadata: { features: JSON.stringify(names) },
  }
}
