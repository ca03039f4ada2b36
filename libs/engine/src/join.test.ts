import { describe, expect, it } from 'vitest'
import { json } from '../simulation/pipelines.ts'
import { each, when, list, pipeline, step, type EachOptions, type Pipeline } from '@cairn/kernel'
import { Ended, itemsOfText } from './ended.fixture.ts'
import { Example } from './example.fixture.ts'
import { joinEach, joinWhen, type Joined } from './join.ts'

const Int = json<number>()
const Bool = json<boolean>()
const no = () => expect.unreachable()

const read = step('read', { outputs: { numbers: list(Int) }, run: no })
const square = step('square', { inputs: { n: Int }, outputs: { n: Int }, run: no })
const isLarge = step('is-large', { inputs: { n: Int }, outputs: { large: Bool }, run: no })

async function join(
  of: Pipeline,
  node: string,
  ended: (run: Ended) => void,
  { batch = '', by = joinEach }: { batch?: string; by?: typeof joinEach } = {},
): Promise<Joined[]> {
  const run = new Ended(await new Example(of).plan())
  ended(run)
  return by(run.state, run, node, batch)
}

describe('the join of an each', () => {
  const squares = (options: EachOptions = {}) =>
    pipeline('squares', () => each(read({}).numbers, (n) => square({ n }), { batch: 2, as: 'squared', ...options }))
  /** 1, 2 and 3 squared, but for those that fail. */
  const without = (...failed: number[]) => {
    return (run: Ended) => {
      run.completed('read', { numbers: [1, 2, 3] })
      // The second batch ends first.
      for (const [batch, items] of [
        ['1', [3]],
        ['0', [1, 2]],
      ] as const)
        run.outcomes(
          `square/${batch}`,
          items.map((n) => (failed.includes(n) ? new Error(`no square of ${n}`) : { n: n * n })),
        )
    }
  }

  it('returns the results as lists in the order of the items, whichever batch ended first', async () => {
    const [joined] = await join(squares(), 'squared', without())
    expect(joined).toMatchObject({ made: { n: { ref: { items: 3, summary: { items: 3 } } } } })
    expect(itemsOfText(joined!)).toEqual({ n: [1, 4, 9] })
  })

  it('returns an empty list for an empty list', async () => {
    const [joined] = await join(squares(), 'squared', (run) => run.completed('read', { numbers: [] }))
    expect(itemsOfText(joined!)).toEqual({ n: [] })
  })

  it('fails with the first of its items, by number, that failed', async () => {
    const [joined] = await join(squares(), 'squared', without(2, 3))
    expect(joined).toMatchObject({
      status: 'failed',
      error: { message: '2 of 3 items of squared failed. First error: item 1: no square of 2' },
    })
  })

  it.each([{ items: 1 }, { share: 0.34 }])('leaves out failed items up to its tolerance: %o', async (tolerate) => {
    const [joined] = await join(squares({ tolerate }), 'squared', without(2))
    expect(itemsOfText(joined!)).toEqual({ n: [1, 9] })
    expect(joined).toMatchObject({ made: { n: { ref: { summary: { items: 2, failed: 1 } } } } })

    const [tooMany] = await join(squares({ tolerate }), 'squared', without(1, 3))
    expect(tooMany).toMatchObject({
      status: 'failed',
      error: { message: '2 of 3 items of squared failed (tolerated: 1). First error: item 0: no square of 1' },
    })
  })

  it('is blocked if its list is missing', async () => {
    expect(await join(squares(), 'squared', (run) => run.failed('read'))).toEqual([
      { status: 'blocked', because: 'read' },
    ])
  })
})

describe('the join of a when', () => {
  const twice = pipeline('twice', () => {
    const { numbers } = read({})
    return each(numbers, (n) =>
      when(
        isLarge({ n }).large,
        () => ({ n: square({ n }, {}, { as: 'large' }).n }),
        () => ({ n: square({ n }, {}, { as: 'small' }).n }),
        { as: 'either' },
      ),
    )
  })
  const skipped = { status: 'skipped', because: 'either' } as const
  const options = { batch: '0', by: joinWhen }

  it('returns, for each item, the outputs of the chosen arm', async () => {
    const joined = await join(
      twice,
      'either',
      (run) => {
        run.completed('read', { numbers: [1, 9] })
        run.completed('is-large/0', { large: false }, { large: true })
        run.outcomes('large/0', [skipped, { n: 81 }])
        run.outcomes('small/0', [{ n: 1 }, skipped])
      },
      options,
    )
    expect(joined).toMatchObject([{ made: { n: { ref: { text: '1' } } } }, { made: { n: { ref: { text: '81' } } } }])
  })

  it('is blocked by a failed condition or a failed chosen arm', async () => {
    const joined = await join(
      twice,
      'either',
      (run) => {
        run.completed('read', { numbers: [1, 9] })
        run.outcomes('is-large/0', [new Error('no'), { large: true }])
        run.outcomes('large/0', [skipped, new Error('no')])
        run.outcomes('small/0', [skipped, skipped])
      },
      options,
    )
    expect(joined).toEqual([
      { status: 'blocked', because: 'is-large/0' },
      { status: 'blocked', because: 'large/1' },
    ])
  })
})
