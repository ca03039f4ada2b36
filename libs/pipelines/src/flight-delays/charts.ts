import { parse, View } from 'vega'
import { compile, type TopLevelSpec } from 'vega-lite'
import type { Group, RocPoint } from './scores.ts'

const DARK = '#1f77b4'
const LIGHT = '#bbb'

/** Draws the ROC curve and the diagonal of random guesses, as SVG. */
export function rocChart(curve: readonly RocPoint[], auc: number): Promise<string> {
  const axes = {
    x: { field: 'falsePositives', type: 'quantitative', title: 'share of punctual flights flagged' },
    y: { field: 'truePositives', type: 'quantitative', title: 'share of late flights found' },
  } as const
  return draw({
    title: `ROC curve, area ${auc.toFixed(3)}`,
    layer: [
      {
        data: { values: DIAGONAL(1) },
        mark: { type: 'line', color: LIGHT, strokeDash: [4, 4] },
        encoding: DIAGONAL_AXES,
      },
      { data: { values: [...curve] }, mark: { type: 'line', color: DARK, order: null } as never, encoding: axes },
    ],
  })
}

/** Draws the predicted against the actual shares, as SVG. */
export function calibrationChart(groups: readonly Group[]): Promise<string> {
  const most = Math.max(...groups.flatMap(({ predicted, actual }) => [predicted, actual]))
  return draw({
    title: 'Calibration, 20 groups of equal size',
    layer: [
      {
        data: { values: DIAGONAL(most) },
        mark: { type: 'line', color: LIGHT, strokeDash: [4, 4] },
        encoding: DIAGONAL_AXES,
      },
      {
        data: { values: [...groups] },
        mark: { type: 'line', color: DARK, point: { color: DARK } },
        encoding: {
          x: { field: 'predicted', type: 'quantitative', title: 'predicted probability' },
          y: { field: 'actual', type: 'quantitative', title: 'share of late flights' },
        },
      },
    ],
  })
}

/** Draws the shares by hour of departure, as SVG. */
export function hoursChart(hours: readonly Group[]): Promise<string> {
  const values = hours.flatMap(({ group, predicted, actual }) => [
    { hour: group, share: actual, of: 'actual' },
    { hour: group, share: predicted, of: 'predicted' },
  ])
  return draw({
    title: 'Late flights by hour of departure',
    data: { values },
    mark: { type: 'line', point: true },
    encoding: {
      x: { field: 'hour', type: 'quantitative', title: 'hour', scale: { domain: [0, 24] } },
      y: { field: 'share', type: 'quantitative', title: 'share of late flights' },
      color: {
        field: 'of',
        type: 'nominal',
        title: null,
        scale: { domain: ['actual', 'predicted'], range: ['#444', DARK] },
        legend: { orient: 'top' },
      },
    },
  })
}

export interface AirportPoint {
  readonly name: string
  readonly latitude: number
  readonly longitude: number
  readonly flights: number
  readonly late: number
}

/** Draws the airports of the contiguous states, as SVG: area is the number of departures, colour the late share. */
export function mapChart(airports: readonly AirportPoint[]): Promise<string> {
  const contiguous = airports.filter(({ latitude, longitude }) => latitude > 24 && longitude > -125 && longitude < -65)
  return draw({
    title: 'Departures of the training months',
    width: 420,
    data: { values: [...contiguous] },
    mark: { type: 'circle', opacity: 0.85 },
    projection: { type: 'albersUsa' },
    encoding: {
      longitude: { field: 'longitude', type: 'quantitative' },
      latitude: { field: 'latitude', type: 'quantitative' },
      size: { field: 'flights', type: 'quantitative', scale: { range: [8, 500] }, legend: null },
      color: {
        field: 'late',
        type: 'quantitative',
        title: 'late',
        scale: { scheme: 'yelloworangered', domain: [0.1, 0.3], clamp: true },
        // A legend of symbols: a gradient gets an id from a counter of the process, so its bytes differ each time.
        legend: { type: 'symbol', format: '.0%' },
      },
    },
  })
}

const DIAGONAL = (until: number) => [0, until].map((at) => ({ at }))
const DIAGONAL_AXES = {
  x: { field: 'at', type: 'quantitative' },
  y: { field: 'at', type: 'quantitative' },
} as const

async function draw(spec: object): Promise<string> {
  const { spec: compiled } = compile({
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    width: 380,
    height: 280,
    ...spec,
  } as TopLevelSpec)
  const view = new View(parse(compiled), { renderer: 'none' })
  try {
    return await view.toSVG()
  } finally {
    view.finalize()
  }
}
