// Checked by the compiler alone: what a lab infers, and what does not compile.
import { pipeline, step } from '@cairn/kernel'
import { json, metrics, table, type Table } from '@cairn/kinds'
import { z } from 'zod'
import { explore } from './explore.ts'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
function expectType<_ extends true>(): void {}

const Flights = table({ delay: 'int32' })
const Model = json<{ trees: number }>()
const load = step('load', { outputs: { flights: Flights }, run: () => ({ flights: [] }) })
const train = step('train', {
  inputs: { flights: Flights },
  params: z.object({ trees: z.number().default(10) }),
  outputs: { model: Model },
  run: (_, { trees }) => ({ model: { trees } }),
})
const evaluate = step('evaluate', {
  inputs: { model: Model },
  outputs: { metrics: metrics({ auc: 'number' }) },
  run: () => ({ metrics: { auc: 1 } }),
})
const delays = pipeline('delays', { params: z.object({ year: z.number() }) }, () => evaluate(train(load({}))))
const lab = await explore(delays)

// Hooked out, a value has the type that a later step would receive.
const flights = await lab.value(load, 'flights')
expectType<Equal<typeof flights, Table<{ readonly delay: 'int32' }>>>()
const model = await lab.input(evaluate, 'model')
expectType<Equal<typeof model, { trees: number }>>()
const found = await (await lab.run()).value(evaluate, 'metrics')
expectType<Equal<typeof found.auc, number>>()
// @ts-expect-error there is no such output
await lab.value(load, 'flight')
// @ts-expect-error there is no such input
await lab.input(evaluate, 'flights')

// Another implementation may take less, give more, and have parameters of its own that have defaults.
const byHand = step('by-hand', {
  outputs: { model: Model, why: json<string>() },
  run: () => ({ model: { trees: 1 }, why: '' }),
})
const tuned = step('tuned', {
  inputs: { flights: Flights },
  params: z.object({ depth: z.number().default(3) }),
  outputs: { model: Model },
  run: (_, { depth }) => ({ model: { trees: depth } }),
})
lab.swap(train, byHand).swap(train, tuned)
const otherOutput = step('other', {
  inputs: { flights: Flights },
  outputs: { model: json<string>() },
  run: () => ({ model: '' }),
})
// @ts-expect-error its model is of another kind
lab.swap(train, otherOutput)
const scored = step('scored', {
  inputs: { model: Model },
  outputs: { metrics: metrics({ auc: 'number', loss: 'number' }), curve: json<number[]>() },
  run: () => ({ metrics: { auc: 1, loss: 0 }, curve: [] }),
})
const fewerOutputs = step('fewer-outputs', {
  inputs: { model: Model },
  outputs: { metrics: metrics({ auc: 'number', loss: 'number' }) },
  run: () => ({ metrics: { auc: 1, loss: 0 } }),
})
// @ts-expect-error it gives no curve
lab.swap(scored, fewerOutputs)
const fewerMetrics = step('fewer-metrics', {
  inputs: { model: Model },
  outputs: { metrics: metrics({ auc: 'number' }), curve: json<number[]>() },
  run: () => ({ metrics: { auc: 1 }, curve: [] }),
})
// @ts-expect-error its metrics have no loss
lab.swap(scored, fewerMetrics)
const otherInput = step('other', {
  inputs: { flights: Model },
  outputs: { model: Model },
  run: () => ({ model: { trees: 1 } }),
})
// @ts-expect-error it takes flights of another kind
lab.swap(train, otherInput)
const more = step('more', {
  inputs: { flights: Flights, airports: Model },
  outputs: { model: Model },
  run: ({ airports }) => ({ model: airports }),
})
// @ts-expect-error it takes what is not wired
lab.swap(train, more)
const demanding = step('demanding', {
  params: z.object({ depth: z.number() }),
  outputs: { model: Model },
  run: () => ({ model: { trees: 1 } }),
})
// @ts-expect-error no one sets its parameter
lab.swap(train, demanding)

lab.params(train, { trees: 400 }).params({ year: 2002 })
// @ts-expect-error there is no such parameter
lab.params(train, { tree: 400 })
// @ts-expect-error a parameter of the run is a number
lab.params({ year: 'last' })

lab.set(train, 'model', { trees: 1 }).set(load, 'flights', [{ delay: 1 }])
// @ts-expect-error a model has trees
lab.set(train, 'model', { tree: 1 })
