import { expect, test, vi } from 'vitest'
import { z } from 'zod'
import { json } from '@cairn/engine/simulation/pipelines'
import { each, when } from './flow.ts'
import { list } from './list.ts'
import { pipeline, requireStableGraphOf } from './pipeline.ts'
import { step } from './step.ts'

const Int = json<number>()
const run = () => ({}) as never
const both = step('both', { outputs: { v: Int, w: Int, items: list(Int) }, run })
const yes = step('yes', { outputs: { n: Int }, run })
const no = step('no', { outputs: { n: Int }, run })
const use = step('use', {
  inputs: { n: Int },
  params: { '~standard': { validate: run } } as never,
  outputs: { n: Int },
  run,
}) as any
const build = pipeline as any
const pick = (it: any) => (it ? yes({}) : no({}))
const methods = { pick }
const nameOf = (it: any) => (typeof it === 'object' ? 'a' : 'b')
class Choice {
  readonly #it: unknown
  constructor(it: unknown) {
    this.#it = it
  }
  get made() {
    return this.#it ? yes({}) : no({})
  }
}

const inspections: Readonly<Record<string, (given: any) => unknown>> = {
  'the result of a call': () => (both({}).v ? yes({}) : no({})),
  'an object that holds it': () => pick({ it: both({}).v }.it),
  'a list that holds it': () => [both({}).v].filter(Boolean).map((n: any) => use({ n }))[0],
  'an index of a list': () => ([both({}).v][0] ? yes({}) : no({})),
  'the values of an object': () => Object.values(both({})).map(pick)[0],
  'a map that holds it': () => pick(new Map([['v', both({}).v]]).get('v')),
  'a function that gives it': () => pick((() => both({}).v)()),
  'a method': () => methods.pick(both({}).v),
  'a private field': () => new Choice(both({}).v).made,
  'a bound function': () => pick.bind(null, both({}).v)(),
  'a function in a list': () => [pick].map((f) => f(both({}).v))[0],
  'a step by another name': () => ((it) => pick(it({}).v))(both),
  'a default': (given) => ((it = given.big) => pick(it))(),
  'a parameter': ({ big }) => (big && yes({})) || no({}),
  'the choice of two': () => use({ n: both({}).v || both({}).w }),
  'the second of two': () => use({ n: both({}).v && both({}).w }),
  'what replaces where nothing is': () => use({ n: both({}).v ?? both({}).w }),
  'the choice of two parameters': ({ a, b }) => use({ n: both({}).v }, { x: a ?? b }),
  'what a parameter is set to': ({ big }) => use({ n: both({}).v }, { x: big ? 100 : 10 }),
  'the name of a place': ({ big }) => use({ n: both({}).v }, {}, { as: nameOf(big) }),
  'what is equal to a literal': ({ year }) => (year === 2001 ? yes({}) : no({})),
  'what is equal to a text': ({ mode }) => (mode === 'quick' ? yes({}) : no({})),
  'what a switch takes': ({ mode }) => { switch (mode) { case 'quick': return yes({}) } return no({}) }, // prettier-ignore
  'what is in a list': ({ mode }) => (['quick', 'slow'].includes(mode) ? yes({}) : no({})),
  'what is in a set': ({ year }) => (new Set([2001]).has(year) ? yes({}) : no({})),
  'whether two are the same': ({ a, b }) => (a === b ? yes({}) : no({})),
  'its type': ({ mode }) => (typeof mode === 'string' ? yes({}) : no({})),
  'whether it is a list': () => (Array.isArray(both({}).items) ? yes({}) : no({})),
  'an item': () => each(both({}).items, pick),
  'the size of a batch': ({ big }) => each(both({}).items, (n: any) => use({ n }), { batch: big ? 10 : 100 }),
  'what is inside an arm': ({ a, b }) => when(a, () => pick(b), () => yes({})), // prettier-ignore
  'what is behind a caught error': ({ a }) => { try { return use({ n: a.n }) } catch { return yes({}) } }, // prettier-ignore
}
const params = { '~standard': { validate: (value: unknown) => ({ value }) } } as never

test.each(Object.entries(inspections))('inspecting a handle is refused: %s', (_, body) => {
  const built = build('p', { params }, body)
  expect(() => requireStableGraphOf(built)).toThrow(/has no \S+ while the pipeline is being built/)
})

test('the inspected handle is named', () => {
  const built = build('p', { params }, ({ year, big }: any) => use({ n: both({}).w }, { year, big: big === 1 }))
  expect(() => requireStableGraphOf(built)).toThrow('parameter big has no value while the pipeline is being built')
})

test.each<[string, (given: any) => unknown]>([
  [
    'wires handles, sets parameters and chooses with when',
    ({ year, big }) => {
      const { v, w, items } = both({})
      const { n } = when(
        big,
        () => use({ n: v }, { year, x: 0, y: '', z: null, yes: true, list: [] }),
        () => use({ n: w }, { x: 1 }),
      )
      const { n: all } = each(items, (item: any) => use({ n: item }, { year }), { batch: 2, as: 'used' })
      return { n, all }
    },
  ],
  [
    'keeps handles in records, lists and maps',
    () => {
      const made = new Map(Object.entries({ ...both({}) }))
      return Object.fromEntries([...made].map(([name, n]) => [name, n]))
    },
  ],
  [
    'uses another pipeline',
    ({ year }) =>
      build('inner', { params, inputs: { n: Int } }, ({ n, x }: any) => use({ n }, { x }))(
        { n: both({}).v },
        { x: year },
      ),
  ],
])('a pipeline that only passes handles on is accepted: it %s', (_, body) => {
  expect(() => requireStableGraphOf(build('p', { params }, body as never))).not.toThrow()
})

test('a body that builds something else each time is not mistaken for one that inspects a handle', () => {
  let times = 0
  expect(() => requireStableGraphOf(build('p', () => yes({}, {}, { as: `time-${times++}` })))).not.toThrow()
})

const counted = step('counted', {
  params: z.object({ n: z.number() }),
  outputs: { v: Int },
  run: (_, { n }) => ({ v: n }),
})

test('a pipeline from another copy of Cairn is checked in the same way', async () => {
  const made = pipeline('made', { params: z.object({ n: z.number().default(1) }) }, ({ n }) => ({
    v: counted({}, { n }).v,
  }))
  const inspecting = build('inspecting', () => pick({ it: both({}).v }.it))
  vi.resetModules()
  const another = await import('./pipeline.ts')
  expect(another.requireStableGraphOf).not.toBe(requireStableGraphOf)
  another.requireStableGraphOf(made)
  expect(() => another.requireStableGraphOf(inspecting)).toThrow(/has no value while the pipeline is being built/)
})
