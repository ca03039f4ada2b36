import { step } from 'cairn'
import { calibrationError, calibrationOf, grouped, logLoss, ranked, rocOf } from './scores.ts'
import { DelayModel, Evaluation, FEATURES, Features, Groups, RocCurve } from './tables.ts'

/** Measures how well the model predicts the late flights of the test months. */
export const evaluate = step('evaluate', {
  inputs: { model: DelayModel, test: Features },
  outputs: { metrics: Evaluation, roc: RocCurve, calibration: Groups, hours: Groups },
  run: async ({ model, test }) => {
    const { late: label, ...features } = await test.columnsOf(['late', ...FEATURES])
    const { probability } = await model.predict({ features: FEATURES.map((name) => features[name]) })
    const scored = { probability, label }
    const order = ranked(scored)
    const { auc, curve: roc } = rocOf(scored, order)
    const calibration = calibrationOf(scored, order, 20)
    const hours = grouped(scored, (row) => Math.floor(features.minuteOfDay[row]! / 60))
    const metrics = {
      auc,
      logLoss: logLoss(scored),
      calibrationError: calibrationError(calibration),
      lateShare: label.reduce((sum, late) => sum + late, 0) / label.length,
      flights: label.length,
    }
    return { metrics, roc, calibration, hours }
  },
})
