import { callStep } from 'cairn/testing'
import { describe, expect, it } from 'vitest'
import { cleanFlights } from './clean-flights.ts'
import { evaluate } from './evaluate.ts'
import { extractFeatures } from './extract-features.ts'
import { loadFlights } from './load-flights.ts'
import { flightDelays } from './pipeline.ts'
import { splitByTime } from './split-by-time.ts'
import { trainModel } from './train-model.ts'
import { writeReport } from './write-report.ts'

const airports = ['ATL', 'ORD', 'LAX'].map((code, at) => {
  return { code, name: `Airport of ${code}`, state: null, latitude: 33 + at, longitude: -84 - at }
})

/** Flights of every day at 6 and at 18 o'clock; those of the evening are late, but for one in ten. */
const flights = Array.from({ length: 300 }, (_, day) =>
  [6, 18].map((hour) => {
    const late = hour === 18 && day % 10 !== 0
    return {
      departure: new Date(Date.UTC(2001, 0, 1 + (day % 180), hour, 30)),
      origin: day % 2 === 0 ? 'ATL' : 'ORD',
      destination: day % 3 === 0 ? 'LAX' : day % 2 === 0 ? 'ORD' : 'ATL',
      distance: 500 + (day % 7) * 100,
      delay: late ? 30 : 0,
      late,
    }
  }),
).flat()
const testFrom = '2001-06-01'
const features = async () => (await callStep(extractFeatures, { flights, airports }, { testFrom })).features

describe('flight-delays', () => {
  it('loads three million flights, and the locations of airports', async () => {
    const { recorded, airports } = await callStep(loadFlights, {}, {}, { root: import.meta.dirname })
    expect(recorded.size).toBeGreaterThan(10_000_000)
    expect(await airports.count()).toBe(3376)
    const cleaned = await callStep(cleanFlights, { recorded: await recorded.path(), airports }, { lateAfter: 60 })
    expect(await cleaned.flights.count()).toBe(2_999_983)
    const { delay, late } = await cleaned.flights.columnsOf(['delay', 'late'])
    expect(
      Math.min(...[0, 1_000, 2_000].map((from) => delay.subarray(from, from + 1_000).reduce((a, b) => Math.min(a, b)))),
    ).toBeGreaterThanOrEqual(-120)
    expect(delay.every((minutes, row) => late[row] === Number(minutes > 60))).toBe(true)
  })

  it('uses only features of a flight that are known before departure', async () => {
    const [first] = await (await features()).toArray()
    expect(first).toMatchObject({
      departure: new Date('2001-01-01T06:30:00Z'),
      late: false,
      minuteOfDay: 390,
      weekday: 1,
      distance: 500,
    })
  })

  it('computes history only from the past', async () => {
    const future = flights.map((flight) =>
      flight.departure >= new Date(testFrom) ? { ...flight, late: !flight.late } : flight,
    )
    const [before, after] = [
      await features(),
      (await callStep(extractFeatures, { flights: future, airports }, { testFrom })).features,
    ]
    const known = async (table: typeof before) =>
      table.columnsOf(['originLate', 'destinationLate', 'routeLate', 'originFlights', 'routeFlights'])
    expect(await known(after)).toEqual(await known(before))
  })

  it('shrinks the rate of airports with few flights towards the average', async () => {
    const lone = { ...flights[1]!, origin: 'LAX', destination: 'ATL', departure: new Date('2001-02-01T18:30:00Z') }
    const { history } = await callStep(extractFeatures, { flights: [...flights, lone], airports }, { testFrom })
    const { late } = (await history.toArray()).find(({ code }) => code === 'LAX')!
    expect(late).toBeGreaterThan(0.4)
    expect(late).toBeLessThan(0.5)
  })

  it('splits by time', async () => {
    const { training, test } = await callStep(splitByTime, { features: await features() }, { testFrom })
    expect((await training.count()) + (await test.count())).toBe(600)
    for (const { departure } of await test.toArray()) expect(departure >= new Date(testFrom)).toBe(true)
    for (const { departure } of await training.toArray()) expect(departure < new Date(testFrom)).toBe(true)
  })

  it('trains, evaluates and plots the model', async () => {
    const split = await callStep(splitByTime, { features: await features() }, { testFrom })
    const { model } = await callStep(trainModel, { training: split.training }, { trees: 20 })
    const { metrics, roc, calibration, hours } = await callStep(evaluate, { model, test: split.test })
    expect(metrics.auc).toBeGreaterThan(0.9)
    expect(metrics.flights).toBe(await split.test.count())
    expect((await hours.toArray()).map(({ group }) => group)).toEqual([6, 18])
    const history = [{ code: 'ATL', name: 'Atlanta', latitude: 33.6, longitude: -84.4, flights: 300, late: 0.2 }]
    const drawn = async () => (await callStep(writeReport, { metrics, roc, calibration, hours, history })).report.text()
    const html = await drawn()
    expect(html.match(/<svg/g)).toHaveLength(4)
    expect(html).toContain(metrics.auc.toFixed(4))
    expect(await drawn()).toBe(html)
  })

  it('has the intended graph', () => {
    expect([...flightDelays.graph.nodes.keys()]).toEqual([
      'load-flights',
      'clean-flights',
      'extract-features',
      'split-by-time',
      'train-model',
      'evaluate',
      'write-report',
    ])
  })
})
