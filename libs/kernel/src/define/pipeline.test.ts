import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { CairnError } from '../errors.ts'
import { json } from '@cairn/engine/simulation/pipelines'
import { each, when } from './flow.ts'
import { list } from './list.ts'
import { fromUrl } from '@cairn/connectors'
import { pipeline } from './pipeline.ts'
import { source, step } from './step.ts'

const int = json<number>()
const bool = json<boolean>()
const text = { ...json<string>(), name: 'text' }
const one = step('one', { outputs: { n: int }, run: () => ({ n: 1 }) })
const words = step('words', { outputs: { text }, run: () => ({ text: '' }) })
const ints = step('ints', { outputs: { items: list(int) }, run: () => ({ items: [1] }) })
const isBig = step('is-big', { inputs: { n: int }, outputs: { big: bool }, run: ({ n }) => ({ big: n > 1 }) })
const add = step('add', {
  inputs: { a: int, b: int },
  params: z.object({ times: z.number().default(1) }),
  outputs: { n: int },
  run: ({ a, b }) => ({ n: a + b }),
})

/** The mistake of someone who writes JavaScript: what it says and what it advises. */
function mistake(body: () => unknown): { message: string; next: string | undefined } {
  try {
    pipeline('p', body as never).graph
  } catch (error) {
    return { message: (error as Error).message, next: (error as CairnError).next }
  }
  throw new Error('no mistake was noticed')
}

function loopOver(n: Iterable<unknown>): void {
  for (const _ of n);
}
function loopOverNames(n: object): void {
  for (const _ in n);
}

describe('a pipeline', () => {
  it('is built by running its body once', () => {
    let builds = 0
    const p = pipeline('p', { params: z.object({ times: z.number() }) }, ({ times }) => {
      builds++
      const { n } = one({})
      return add({ a: n, b: n }, { times })
    })
    expect([...p.graph.nodes.keys()]).toEqual(['one', 'add'])
    expect(p.graph.nodes.get('add')).toMatchObject({
      inputs: { a: { node: 'one', output: 'n' }, b: { node: 'one', output: 'n' } },
      params: { times: { param: 'times', frame: '' } },
    })
    expect(p.graph.outputs).toEqual({ n: { node: 'add', output: 'n' } })
    expect(p.graph).toBe(p.graph)
    expect(builds).toBe(1)
  })

  it('numbers a step that is used more than once, or uses the given name', () => {
    const p = pipeline('p', () => {
      const { n } = one({})
      add({ a: n, b: n })
      add({ a: n, b: n })
      return add({ a: n, b: n }, {}, { as: 'last' })
    })
    expect([...p.graph.nodes.keys()]).toEqual(['one', 'add', 'add-2', 'last'])
  })

  it('is used inside another with its own name, and its parameters are wired or set there', () => {
    const inner = pipeline('inner', { inputs: { n: int }, params: z.object({ times: z.number() }) }, ({ n, times }) =>
      add({ a: n, b: n }, { times }),
    )
    const outer = pipeline('outer', { params: z.object({ t: z.number() }) }, ({ t }) =>
      inner(inner(one({}), { times: t }), { times: 3 }),
    )
    expect([...outer.graph.nodes.keys()]).toEqual(['one', 'inner.add', 'inner-2.add'])
    expect(outer.graph.frames.get('inner')!.given).toEqual({ times: { param: 't', frame: '' } })
    expect(outer.graph.frames.get('inner-2')!.given).toEqual({ times: { value: 3 } })
    expect(outer.graph.nodes.get('inner-2.add')).toMatchObject({ inputs: { a: { node: 'inner.add', output: 'n' } } })
  })

  it('maps over lists, one inside another, and joins the results as lists', () => {
    const p = pipeline('p', () => {
      const { items } = ints({})
      const { sums } = each(
        items,
        (a) => ({ sums: each(items, (b) => add({ a, b })).n }) as never as { sums: ReturnType<typeof one>['n'] },
      )
      return { sums }
    })
    expect(p.graph.nodes.get('each-items-2')).toMatchObject({ scope: ['each-items'] })
    expect(p.graph.nodes.get('add')).toMatchObject({
      scope: ['each-items', 'each-items-2'],
      inputs: { a: { item: 'each-items' }, b: { item: 'each-items-2' } },
    })
    expect(p.graph.nodes.get('each-items')!.outputs['sums']!.name).toBe('list')
  })

  it('chooses between two arms', () => {
    const p = pipeline('p', () => {
      const { n } = one({})
      const { big } = isBig({ n })
      return when(
        big,
        () => add({ a: n, b: n }),
        () => one({}),
      )
    })
    expect(p.graph.nodes.get('when-big')).toMatchObject({
      then: { n: { node: 'add' } },
      otherwise: { n: { node: 'one-2' } },
    })
    expect(p.graph.nodes.get('add')!.guards).toEqual([{ when: 'when-big', arm: true }])
    expect(p.graph.nodes.get('one-2')!.guards).toEqual([{ when: 'when-big', arm: false }])
  })

  it('builds ten times as many steps with about ten times the work', () => {
    /** Microseconds of this process. */
    const measure = (steps: number) => {
      const started = process.cpuUsage()
      const p = pipeline('p', () => {
        let { n } = one({})
        for (let made = 0; made < steps; made++) n = add({ a: n, b: n }).n
        return { n }
      })
      expect(p.graph.nodes.size).toBe(steps + 1)
      const { user, system } = process.cpuUsage(started)
      return user + system
    }
    measure(2_000)
    const [few, many] = [measure(2_000), measure(20_000)]
    expect(many / few).toBeLessThan(40) // quadratic would be a hundred
  })
})

describe('a mistake in JavaScript', () => {
  const any = (step: unknown) => step as (...given: unknown[]) => Record<string, unknown>

  it('names a missing input', () => {
    expect(mistake(() => any(add)({ a: one({}).n }))).toEqual({
      message: 'input "b" of add is missing',
      next: 'pass a json: add({ b: … })',
    })
  })
  it('names an unknown input, and the nearest one', () => {
    expect(mistake(() => any(isBig)({ m: one({}).n }))).toEqual({
      message: 'is-big has no input "m"',
      next: 'did you mean "n"?',
    })
  })
  it('names an input of another kind', () => {
    expect(mistake(() => any(isBig)({ n: words({}).text })).message).toBe(
      'input "n" of is-big must be json {}, but words.text is text {}',
    )
  })
  it('names a plain value in place of an artifact', () => {
    expect(mistake(() => any(isBig)({ n: 3 })).message).toBe('input "n" of is-big is not an output of a step')
  })
  it('names an artifact in place of a parameter', () => {
    expect(mistake(() => any(add)({ a: one({}).n, b: one({}).n }, { times: one({}).n })).message).toMatch(
      /an artifact cannot be a parameter/,
    )
  })
  it.each<[string, (n: any) => unknown]>([
    ['arithmetic', (n) => n + 1],
    ['a comparison', (n) => n > 1],
    ['a template', (n) => `n: ${n}`],
    ['a property', (n) => n.value],
    ['an optional property', (n) => n?.value],
    ['a property that is set', (n) => (n.value = 1)],
    ['a property that is deleted', (n) => delete n.value],
    ['a method', (n) => n.toString()],
    ['JSON', (n) => JSON.stringify({ n })],
    ['its keys', (n) => Object.keys(n)],
    ['its entries', (n) => Object.entries(n)],
    ['a copy', (n) => ({ ...n })],
    ['a list of it', (n) => [...n]],
    ['destructuring', ({ value }) => value],
    ['a loop', loopOver],
    ['a loop over its names', loopOverNames],
    ['in', (n) => 'value' in n],
    ['instanceof', (n) => n instanceof Date],
    ['its prototype', (n) => Object.getPrototypeOf(n)],
    ['its own properties', (n) => Object.hasOwn(n, 'value')],
    ['Array.from', (n) => Array.from(n)],
    ['Number', (n) => Number(n)],
    ['a key', (n) => ({ a: 1 })[n as string]],
  ])('names %s of a handle, and points to a step', (_, use) => {
    const { message, next } = mistake(() => use(one({}).n as never))
    expect(message).toMatch(/^one\.n has no \S+ while the pipeline is being built$/)
    expect(next).toMatch(/inside a step|pass it to a step/)
  })
  it('names a parameter whose value is read', () => {
    const params = { '~standard': { validate: (value: unknown) => ({ value }) } } as never
    const built = pipeline('p', { params }, ((given: any) => (given.big.valueOf() ? one({}) : one({}))) as never)
    expect(() => built.graph).toThrow('parameter big has no value while the pipeline is being built')
  })
  it('names a single handle in place of named handles', () => {
    expect(mistake(() => any(isBig)(one({}).n))).toEqual({
      message: 'the inputs of is-big must be an object of named outputs, but it is one.n',
      next: 'write { n }',
    })
    expect(mistake(() => any(one({}).n)).message).toBe(
      'the result of pipeline p must be an object of named outputs, but it is one.n',
    )
    expect(mistake(() => each(ints({}).items, ((item: never) => item) as never)).message).toMatch(
      'the result of each-items must be an object of named outputs, but it is the item of each-items',
    )
  })
  it('names a body that is async', () => {
    expect(mistake((async () => one({})) as never).message).toMatch(/is async/)
  })
  it('names an item that leaves its each', () => {
    expect(
      mistake(() => {
        let leaked: unknown
        each(ints({}).items, (item) => ({ item: (leaked = item) as typeof item }))
        return any(isBig)({ n: leaked })
      }).message,
    ).toMatch(/which exists only for one item inside each-items/)
  })
  it('names an output that leaves its arm', () => {
    expect(
      mistake(() => {
        let leaked: unknown
        when(
          isBig({ n: one({}).n }).big,
          () => (leaked = one({})) as ReturnType<typeof one>,
          () => one({}),
        )
        return any(isBig)({ n: (leaked as { n: unknown }).n })
      }).message,
    ).toMatch(/which exists in only one arm of a when/)
  })
  it('names a handle of another pipeline', () => {
    let leaked: unknown
    pipeline('other', () => (leaked = one({})) as ReturnType<typeof one>).graph
    expect(mistake(() => any(isBig)(leaked)).message).toMatch(/which belongs to another pipeline/)
  })
  it('names arms that give different outputs', () => {
    expect(
      mistake(() =>
        when(
          isBig({ n: one({}).n }).big,
          () => one({}),
          () => words({}) as never,
        ),
      ).message,
    ).toMatch(/the two arms of when-big return different outputs/)
  })
  it('names an each over something other than a list', () => {
    expect(mistake(() => each(one({}).n as never, (item) => ({ item }))).message).toMatch(
      /each needs a list, but one.n is a json/,
    )
  })
  it('names two different steps with the same name', () => {
    const twin = step('one', { outputs: { n: int }, run: () => ({ n: 2 }) })
    expect(mistake(() => (one({}), twin({}))).message).toMatch(/two different steps of the pipeline are named "one"/)
  })
  it('names a step that is called outside a pipeline', () => {
    expect(() => one({})).toThrow(/one was called outside a pipeline/)
  })
  it('names a step without a body, without kinds, or with an invalid name', () => {
    expect(() => step('x', { outputs: { n: int } } as never)).toThrow(/step x has no run function/)
    expect(() => step('x', { outputs: { n: 3 }, run: () => ({}) } as never)).toThrow(
      /outputs.n of step x is not an artifact kind/,
    )
    expect(() => step('Train Model', { outputs: {}, run: () => ({}) })).toThrow(
      /the name of a step is not allowed: "Train Model"/,
    )
  })
  it('names a source that cannot tell whether it has changed', () => {
    const { name, open } = fromUrl('https://example.org/data')
    expect(() =>
      source('load', { reads: { data: { name, open } }, outputs: { n: int }, run: () => ({ n: 1 }) }),
    ).toThrow(/reads.data of source \w+ has no version/)
  })
  it('names a pipeline that cannot run on its own', () => {
    expect(() => pipeline('p', { inputs: { n: int } }, ({ n }) => isBig({ n })).graph).toThrow(
      /takes inputs \(n\), so it cannot run alone/,
    )
  })
})
