import { describe, expect, it } from 'vitest'
import { json } from '../simulation/pipelines.ts'
import { each, when, list, pipeline, step, type Pipeline } from '@cairn/kernel'
import { Ended } from './ended.fixture.ts'
import { Example } from './example.fixture.ts'
import { inputsOf, resolveRefs, type ItemInputs } from './item-inputs.ts'
import type { PlannedStepNode } from '@cairn/records'

const Int = json<number>()
const Bool = json<boolean>()
const no = () => expect.unreachable()

const read = step('read', { outputs: { numbers: list(Int) }, run: no })
const model = step('model', { outputs: { m: Int }, run: no })
const score = step('score', { inputs: { n: Int, m: Int }, outputs: { n: Int, next: list(Int) }, run: no })
const isLarge = step('is-large', { inputs: { n: Int }, outputs: { large: Bool }, run: no })

/** What each item of a task runs with, values in place of artifacts, once `ended` has happened. */
async function items(of: Pipeline, task: string, ended: (run: Ended) => void): Promise<unknown[]> {
  const run = new Ended(await new Example(of).plan())
  ended(run)
  const [node, batch = ''] = task.split('/') as [string, string?]
  const { scope, inputs } = run.state.plan.nodes[node] as PlannedStepNode
  const around = await resolveRefs(run.state, run, scope, batch, Object.values(inputs))
  return inputsOf(run.state, node, batch, inputs, around).map(shown)
}
const shown = (item: ItemInputs) =>
  'inputs' in item
    ? Object.fromEntries(Object.entries(item.inputs).map(([name, { text }]) => [name, JSON.parse(text!) as unknown]))
    : item

describe('the items of a task', () => {
  const scores = pipeline('scores', () => {
    const { m } = model({})
    return { n: each(read({}).numbers, (n) => score({ n, m }), { batch: 2 }).n }
  })

  it('are one per item of the batch: each has its item, and inputs from outside the each unchanged', async () => {
    const ended = (run: Ended) => {
      run.completed('model', { m: 7 })
      run.completed('read', { numbers: [10, 11, 12] })
    }
    expect(await items(scores, 'score/0', ended)).toEqual([
      { n: 10, m: 7 },
      { n: 11, m: 7 },
    ])
    expect(await items(scores, 'score/1', ended)).toEqual([{ n: 12, m: 7 }])
  })

  it('are blocked after a failed step, and name it', async () => {
    const ended = (run: Ended) => {
      run.failed('model')
      run.completed('read', { numbers: [10, 11] })
    }
    const blocked = { status: 'blocked', because: 'model' }
    expect(await items(scores, 'score/0', ended)).toEqual([blocked, blocked])
  })

  it('pass on why their input was skipped', async () => {
    const chain = pipeline('chain', () => ({
      large: isLarge({ n: score({ n: model({}).m, m: model({}).m }).n }).large,
    }))
    const ended = (run: Ended) => run.notRun('score', { status: 'skipped', because: 'some-when' })
    expect(await items(chain, 'is-large', ended)).toEqual([{ status: 'skipped', because: 'some-when' }])
  })

  it('cover the items of all enclosing lists, also of a batch of lists', async () => {
    const nested = pipeline('nested', () => {
      const { m } = model({})
      return each(
        read({}).numbers,
        (n) =>
          ({
            n: each(score({ n, m }).next, (inner) => score({ n: inner, m: n }, {}, { as: 'inner' }), { batch: 2 }).n,
          }) as never,
        { batch: 2 },
      )
    })
    const ended = (run: Ended) => {
      run.completed('model', { m: 7 })
      run.completed('read', { numbers: [1, 2] })
      run.completed('score/0', { n: 0, next: [10, 11] }, { n: 0, next: [20] })
    }
    // `m` is the outer item: that of the list which the inner item is of.
    expect(await items(nested, 'inner/0.0', ended)).toEqual([
      { n: 10, m: 1 },
      { n: 11, m: 1 },
    ])
    expect(await items(nested, 'inner/0.1', ended)).toEqual([{ n: 20, m: 2 }])
  })
})

describe('the items of a task in an arm', () => {
  const chosen = pipeline('chosen', () => {
    const { m } = model({})
    return when(
      isLarge({ n: m }).large,
      () => ({ n: score({ n: m, m }, {}, { as: 'large' }).n }),
      () => ({ n: score({ n: m, m }, {}, { as: 'small' }).n }),
    )
  })
  const ended = (run: Ended) => {
    run.completed('model', { m: 7 })
    run.completed('is-large', { large: true })
  }

  it('run if the condition chose the arm, and are skipped otherwise', async () => {
    expect(await items(chosen, 'large', ended)).toEqual([{ n: 7, m: 7 }])
    expect(await items(chosen, 'small', ended)).toEqual([{ status: 'skipped', because: 'when-large' }])
  })

  it('are blocked in both arms if there is no condition', async () => {
    const failed = (run: Ended) => {
      run.completed('model', { m: 7 })
      run.failed('is-large')
    }
    for (const arm of ['large', 'small'])
      expect(await items(chosen, arm, failed)).toEqual([{ status: 'blocked', because: 'when-large' }])
  })

  it('are chosen for each item inside an each', async () => {
    const both = pipeline('both', () =>
      each(read({}).numbers, (n) =>
        when(
          isLarge({ n }).large,
          () => ({ n: score({ n, m: n }, {}, { as: 'large' }).n }),
          () => ({ n: score({ n, m: n }, {}, { as: 'small' }).n }),
        ),
      ),
    )
    const ended = (run: Ended) => {
      run.completed('read', { numbers: [5, 50] })
      run.completed('is-large/0', { large: false }, { large: true })
    }
    expect(await items(both, 'large/0', ended)).toMatchObject([{ status: 'skipped' }, { n: 50 }])
    expect(await items(both, 'small/0', ended)).toMatchObject([{ n: 5 }, { status: 'skipped' }])
  })
})
