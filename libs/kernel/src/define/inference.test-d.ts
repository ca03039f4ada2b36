/** What must and must not compile. Checked by the typecheck; never run. */
import { z } from 'zod'
import { each, when } from './flow.ts'
import { fromFile } from '@cairn/connectors'
import { list, type List } from './list.ts'
import { pipeline } from './pipeline.ts'
import { source, step } from './step.ts'
import type { Handle } from './handle.ts'
import type { Kind } from './kind.ts'

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
function same<A, B>(_: Same<A, B>): void {}

declare const Flights: Kind<{ readonly flights: number }, readonly string[]>
declare const Features: Kind<{ readonly features: number }>
declare const Model: Kind<{ readonly trees: number }>
declare const Flag: Kind<boolean>
declare const Item: Kind<{ readonly id: string }>

const load = source('load', {
  reads: { file: fromFile('flights.csv') },
  params: z.object({ year: z.number() }),
  outputs: { flights: Flights },
  run: ({ file }, { year }) => {
    same<typeof file, { readonly path: string }>(true)
    same<typeof year, number>(true)
    return { flights: ['as it is written'] }
  },
})
const extract = step('extract', {
  inputs: { flights: Flights },
  outputs: { features: Features, isLarge: Flag },
  run: async ({ flights }) => {
    same<typeof flights, { readonly flights: number }>(true)
    return { features: { features: flights.flights }, isLarge: true }
  },
})
const train = step('train', {
  inputs: { features: Features },
  params: z.object({ trees: z.number().default(100), name: z.string().optional() }),
  outputs: { model: Model },
  secrets: ['TOKEN'],
  catch: (error) => ({ model: { trees: error.message.length } }),
  run: ({ features }, { trees, name }, { secrets, signal, scratch, random }) => {
    same<typeof features, { readonly features: number }>(true)
    same<typeof trees, number>(true)
    same<typeof name, string | undefined>(true)
    same<typeof secrets, Readonly<Record<'TOKEN', string>>>(true)
    same<[typeof signal, typeof scratch, typeof random], [AbortSignal, string, () => number]>(true)
    return { model: { trees } }
  },
})
const split = step('split', {
  inputs: { flights: Flights },
  outputs: { items: list(Item) },
  run: () => ({ items: [{ id: 'a' }] }),
})
const score = step('score', {
  inputs: { item: Item, model: Model },
  outputs: { model: Model },
  run: ({ model }) => ({ model }),
})
const join = step('join', {
  inputs: { models: list(Model) },
  outputs: { model: Model },
  run: async ({ models }) => {
    same<typeof models, List<{ readonly trees: number }>>(true)
    return { model: await models.at(0) }
  },
})

export const right = pipeline(
  'right',
  { params: z.object({ year: z.number(), quick: z.boolean() }) },
  ({ year, quick }) => {
    const { flights } = load({}, { year })
    same<typeof flights, Handle<{ readonly flights: number }>>(true)
    const { features, isLarge } = extract({ flights })
    const { model } = when(
      isLarge,
      () => train({ features }),
      () => train({ features }, { trees: 3 }),
    )
    same<typeof model, Handle<{ readonly trees: number }>>(true)
    when(
      quick,
      () => train({ features }),
      () => train({ features }),
    )
    const { items } = split({ flights })
    const scored = each(items, (item) => score({ item, model }), { batch: 10, tolerate: { share: 0.1 } })
    same<(typeof scored)['model'], Handle<List<{ readonly trees: number }>>>(true)
    return join({ models: scored.model })
  },
)
export const nested = pipeline('nested', () => right({}, { year: 2001, quick: true }))
const takesFlights = pipeline('takes-flights', { inputs: { flights: Flights } }, ({ flights }) => extract({ flights }))

export const wrong = pipeline(
  'wrong',
  { params: z.object({ year: z.string(), flag: z.boolean() }) },
  ({ year, flag }) => {
    const { flights } = load({}, { year: 2001 })
    const { features, isLarge } = extract({ flights })
    const { model } = train({ features })
    const { items } = split({ flights })

    // @ts-expect-error a required parameter is missing
    load({})
    // @ts-expect-error a run parameter of another type
    load({}, { year })
    // @ts-expect-error a parameter of another type
    train({ features }, { trees: 'many' })
    // @ts-expect-error an unknown parameter
    train({ features }, { tres: 3 })
    // @ts-expect-error an input is missing
    train({})
    // @ts-expect-error an unknown input
    train({ features, more: features })
    // @ts-expect-error an input of another kind
    train({ features: flights })
    // @ts-expect-error a plain value is no artifact
    train({ features: { features: 1 } })
    // @ts-expect-error an artifact is no parameter
    train({ features }, { trees: model })
    // @ts-expect-error arithmetic on a handle
    void (features + 1)
    // @ts-expect-error comparison of a handle
    void (features > 1)
    // @ts-expect-error a property of a handle
    void features.features
    // @ts-expect-error a loop over a handle
    for (const _ of items);
    // @ts-expect-error a list of a handle
    void [...items]
    // @ts-expect-error a handle as a key
    void { a: 1 }[features]
    // @ts-expect-error equality with a value
    void (year === '2001')
    const trained = () => train({ features })
    const extracted = () => extract({ flights })
    // @ts-expect-error a condition that is no boolean
    when(features, trained, trained)
    // @ts-expect-error arms that give different outputs
    when(isLarge, trained, extracted)
    const asModel = () => ({ out: model })
    const asFeatures = () => ({ out: features })
    // @ts-expect-error arms that give different kinds under one name
    when(isLarge, asModel, asFeatures)
    // @ts-expect-error each over what is no list
    each(features, (item) => ({ item }))
    // @ts-expect-error an item of another kind
    each(items, (item) => train({ features: item }))
    // @ts-expect-error a list of another kind
    join({ models: items })
    // @ts-expect-error an unknown run parameter of a pipeline used inside
    right({}, { year: 2001, quick: flag, slow: true })
    // @ts-expect-error a missing input of a pipeline used inside
    takesFlights({})
    // @ts-expect-error an input of another kind of a pipeline used inside
    takesFlights({ flights: features })
    return { features }
  },
)

step('wrong-output', {
  outputs: { model: Model },
  // @ts-expect-error an output of another type
  run: () => ({ model: { trees: 'many' } }),
})
step('missing-output', {
  outputs: { model: Model, features: Features },
  // @ts-expect-error an output is missing
  run: () => ({ model: { trees: 1 } }),
})
step('wrong-catch', {
  outputs: { model: Model },
  // @ts-expect-error a fallback of another type
  catch: () => ({ model: 3 }),
  run: () => ({ model: { trees: 1 } }),
})
step('undeclared-input', {
  outputs: { model: Model },
  // @ts-expect-error an input that is not declared
  run: ({ features }) => ({ model: { trees: Number(features) } }),
})
step('undeclared-secret', {
  outputs: { model: Model },
  secrets: ['A'],
  // @ts-expect-error a secret that is not declared
  run: (_inputs, _params, { secrets }) => ({ model: { trees: secrets.B.length } }),
})
step('wrong-policies', {
  outputs: { model: Model },
  // @ts-expect-error a length of time
  timeout: 'soon',
  run: () => ({ model: { trees: 1 } }),
})

// @ts-expect-error an option that there is not
step('no-such-option', { outputs: { model: Model }, retries: 2, run: () => ({ model: { trees: 1 } }) })
step('no-such-input', {
  // @ts-expect-error inputs have their own name
  input: { features: Features },
  outputs: { model: Model },
  run: () => ({ model: { trees: 1 } }),
})
// @ts-expect-error params, too
step('no-such-param', { param: z.object({}), outputs: { model: Model }, run: () => ({ model: { trees: 1 } }) })
// @ts-expect-error a source takes no inputs
source('no-inputs', { reads: {}, inputs: {}, outputs: { model: Model }, run: () => ({ model: { trees: 1 } }) })
const body = { outputs: { model: Model }, run: () => ({ model: { trees: 1 } }) }
// @ts-expect-error how often is not said
step('no-times', { ...body, retry: { time: 2 } })
// @ts-expect-error a number of retries has a name
step('bare-retry', { ...body, retry: 3 })
// @ts-expect-error no such policy
step('cache-word', { ...body, cache: 'nevr' })
// @ts-expect-error no such policy
step('cache-flag', { ...body, cache: false })
// @ts-expect-error no such age
step('cache-age', { ...body, cache: { maxage: '1s' } })
// @ts-expect-error nothing of that name can be acknowledged
step('no-such-reach', { ...body, acknowledge: ['clok'] })
// @ts-expect-error a list of names
step('bare-secret', { ...body, secrets: 'TOKEN' })
// @ts-expect-error an option that a pipeline does not have
pipeline('no-such-option', { retry: { times: 1 } }, () => ({}))
// @ts-expect-error a file has no options
fromFile('a.csv', { encoding: 'latin1' })
pipeline('wrong-options', () => {
  const { items } = split({ flights: load({}, { year: 2001 }).flights })
  const same = (item: typeof items extends Handle<List<infer One>> ? Handle<One> : never) => ({ item })
  // @ts-expect-error a share has a name
  each(items, same, { tolerate: 0.5 })
  // @ts-expect-error no such limit
  each(items, same, { tolerate: { count: 1 } })
  // @ts-expect-error no such option
  each(items, same, { batches: 2 })
  // @ts-expect-error no such option
  load({}, { year: 2001 }, { name: 'again' })
  return {}
})
