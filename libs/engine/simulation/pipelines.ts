import {
  each,
  when,
  list,
  pipeline,
  step,
  type Handle,
  type Kind,
  type List,
  type Pipeline,
  type Step,
} from '@cairn/kernel'
import type { Policies } from '@cairn/kernel/contract'
import type { Random } from './world.ts'

/**
 * How a step behaves: `fine` succeeds, `flaky` fails twice, `broken` and `caught` always fail. `caught` has a fallback.
 */
export type Behaviour = 'fine' | 'flaky' | 'broken' | 'caught'
/** The output of every fallback. */
export const FALLBACK = -7

export function json<Value>(): Kind<Value> {
  return {
    name: 'json',
    version: 1,
    schema: {},
    encode: (value) => ({ bytes: Buffer.from(JSON.stringify(value)) }),
    decode: async (artifact) => JSON.parse(Buffer.from(await artifact.bytes()).toString()) as Value,
  }
}
const int = json<number>()
const ints = list(int)
const bool = json<boolean>()

/** The functions that steps compute. The oracle calls them, too. */
export const functions = {
  one: () => 1,
  two: () => 2,
  three: () => 3,
  add: ({ a, b }: { a: number; b: number }) => a + b,
  next: ({ a }: { a: number }) => a + 1,
  sum: ({ items }: { items: readonly number[] }) => items.reduce((total, item) => total + item, 0),
  range: ({ a }: { a: number }) => Array.from({ length: Math.abs(a) % 5 }, (_, index) => a + index),
  even: ({ a }: { a: number }) => a % 2 === 0,
}

/** Creates a random pipeline: chains, joins, branches, maps and nested maps, with steps that behave in every way. */
export function randomPipeline(random: Random): {
  pipeline: Pipeline
  behaviours: ReadonlyMap<string, Behaviour>
  steps: ReadonlyMap<string, Step>
} {
  const steps = new Map<string, Step>()
  const behaviours = new Map<string, Behaviour>()
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)]!
  const behaviour = (): Behaviour => (random() < 0.75 ? 'fine' : pick(['flaky', 'broken', 'caught'] as const))

  /** Creates a step for a function. Its name is unique, so each step is a separate node and fails independently. */
  function make<S extends Step>(
    name: string,
    behaviour: Behaviour,
    define: (name: string, policies: Policies<{ out: typeof int }, never>, fail: () => void) => S,
  ): S {
    const unique = `${name}-${behaviour}-${steps.size}`
    let failuresLeft = 2
    const fail = () => {
      if (behaviour === 'broken' || behaviour === 'caught') throw new Error(`${unique} is broken`)
      if (behaviour === 'flaky' && failuresLeft-- > 0) throw new Error(`${unique} is flaky`)
    }
    const policies = {
      ...(behaviour === 'flaky' && { retry: { times: 2, backoff: 5 } }),
      ...(behaviour === 'caught' && { catch: () => ({ out: FALLBACK }) }),
    }
    const made = define(unique, policies, fail)
    steps.set(unique, made)
    behaviours.set(unique, behaviour)
    return made
  }

  interface Available {
    readonly ints: Handle<number>[]
    readonly lists: Handle<List<number>>[]
    readonly bools: Handle<boolean>[]
  }

  function addNodes(pool: Available, size: number, depth: number): void {
    for (let added = 0; added < size; added++) addNode(pool, depth)
  }

  function addNode(pool: Available, depth: number): void {
    const kind = random()
    if (kind < 0.15) {
      const name = pick(['one', 'two', 'three'] as const)
      const made = make(name, behaviour(), (id, policies, fail) =>
        step(id, { ...policies, outputs: { out: int }, run: () => (fail(), { out: functions[name]() }) }),
      )
      pool.ints.push(made({}).out)
    } else if (kind < 0.35) {
      const made = make('add', behaviour(), (id, policies, fail) =>
        step(id, {
          ...policies,
          inputs: { a: int, b: int },
          outputs: { out: int },
          run: (given) => (fail(), { out: functions.add(given) }),
        }),
      )
      pool.ints.push(made({ a: pick(pool.ints), b: pick(pool.ints) }).out)
    } else if (kind < 0.5) {
      const made = make('next', behaviour(), (id, policies, fail) =>
        step(id, {
          ...policies,
          inputs: { a: int },
          outputs: { out: int },
          run: (given) => (fail(), { out: functions.next(given) }),
        }),
      )
      pool.ints.push(made({ a: pick(pool.ints) }).out)
    } else if (kind < 0.62) {
      const made = make('range', 'fine', (id) =>
        step(id, { inputs: { a: int }, outputs: { out: ints }, run: (given) => ({ out: functions.range(given) }) }),
      )
      pool.lists.push(made({ a: pick(pool.ints) }).out)
    } else if (kind < 0.7 && pool.lists.length > 0) {
      const made = make('sum', behaviour(), (id, policies, fail) =>
        step(id, {
          ...policies,
          inputs: { items: ints },
          outputs: { out: int },
          run: async ({ items }) => (fail(), { out: functions.sum({ items: await items.all() }) }),
        }),
      )
      pool.ints.push(made({ items: pick(pool.lists) }).out)
    } else if (kind < 0.85 && pool.lists.length > 0 && depth < 2) {
      const { out } = each(
        pick(pool.lists),
        (item) => {
          const inner: Available = { ints: [...pool.ints, item], lists: [...pool.lists], bools: [...pool.bools] }
          addNodes(inner, 1 + Math.floor(random() * 3), depth + 1)
          return { out: inner.ints.at(-1)! }
        },
        { batch: 1 + Math.floor(random() * 3), tolerate: random() < 0.3 ? { share: 0.5 } : {} },
      )
      pool.lists.push(out)
    } else if (kind < 0.93) {
      const made = make('even', 'fine', (id) =>
        step(id, { inputs: { a: int }, outputs: { out: bool }, run: (given) => ({ out: functions.even(given) }) }),
      )
      pool.bools.push(made({ a: pick(pool.ints) }).out)
    } else if (pool.bools.length > 0) {
      const arm = () => {
        const inner: Available = { ints: [...pool.ints], lists: [...pool.lists], bools: [...pool.bools] }
        addNodes(inner, 1 + Math.floor(random() * 2), depth + 1)
        return { out: inner.ints.at(-1)! }
      }
      pool.ints.push(when(pick(pool.bools), arm, arm).out)
    }
  }

  const built = pipeline('random', () => {
    const first = make('one', 'fine', (id) =>
      step(id, { outputs: { out: int }, run: () => ({ out: functions.one() }) }),
    )
    const second = make('range', 'fine', (id) =>
      step(id, { inputs: { a: int }, outputs: { out: ints }, run: () => ({ out: [4, 5, 6, 7] }) }),
    )
    const one = first({}).out
    const pool: Available = { ints: [one], lists: [second({ a: one }).out], bools: [] }
    addNodes(pool, 4 + Math.floor(random() * 8), 0)
    return { last: pool.ints.at(-1)! }
  })
  void built.graph // builds the graph now, while the random numbers are in order
  return { pipeline: built, behaviours, steps }
}
