import { expect, pipeline } from 'cairn'
import { z } from 'zod'
import { cleanFlights } from './clean-flights.ts'
import { evaluate } from './evaluate.ts'
import { extractFeatures } from './extract-features.ts'
import { loadFlights } from './load-flights.ts'
import { splitByTime } from './split-by-time.ts'
import { trainModel } from './train-model.ts'
import { writeReport } from './write-report.ts'

const Params = z.object({
  testFrom: z.iso.date().default('2001-06-01').describe('flights from this day on are only tested on'),
})

/** Predicts whether a flight is over 15 minutes late. Trains on US flights of January to May 2001; tests on June. */
export const flightDelays = pipeline('flight-delays', { params: Params }, ({ testFrom }) => {
  const { recorded, airports } = loadFlights({})
  const { flights } = cleanFlights({ recorded, airports })
  const { features, history } = extractFeatures({ flights, airports }, { testFrom })
  const { training, test } = splitByTime({ features }, { testFrom })
  const { model } = trainModel({ training })
  const { metrics, roc, calibration, hours } = evaluate({ model, test })
  const { report } = writeReport({ metrics, roc, calibration, hours, history })
  return { metrics, report, model }
})

export const noWorse = expect(
  evaluate,
  'the AUC is no worse than that of the champion',
  ({ metrics }, champion) => metrics.auc >= champion.metrics.auc - 0.001,
)
