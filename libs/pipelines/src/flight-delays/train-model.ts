import { step } from 'cairn'
import { Boosting, fitTrees } from './boosted-trees.ts'
import { toOnnx } from './onnx.ts'
import { DelayModel, FEATURES, Features } from './tables.ts'

export const trainModel = step('train-model', {
  inputs: { training: Features },
  params: Boosting,
  outputs: { model: DelayModel },
  run: async ({ training }, boosting) => {
    const { late: labels, ...features } = await training.columnsOf(['late', ...FEATURES])
    const columns = FEATURES.map((name) => features[name])
    return { model: toOnnx(fitTrees({ columns, labels }, boosting), FEATURES) }
  },
})
