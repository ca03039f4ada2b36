import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Table } from '@cairn/kinds'
import { Explored } from './explored.fixture.ts'
import type { Lab } from './lab.ts'
import { planEdits } from './plan-edits.ts'

describe('exploring a run of production', () => {
  let world: Explored
  let production: string
  let before: string
  let lab: Lab
  beforeAll(async () => {
    world = new Explored()
    production = await world.produce({ settings: { trees: 20 } })
    before = world.production()
    lab = await world.lab()
  })
  afterAll(() => world.remove())
  const decisions = async (changed: Lab) =>
    Object.fromEntries((await changed.plan()).map(({ node, decision }) => [node, decision]))

  it('starts from the newest run that completed, with its parameters', async () => {
    expect(lab.base).toBe(production)
    expect(await decisions(lab)).toEqual({
      load: 'reuse',
      features: 'reuse',
      train: 'reuse',
      score: 'reuse',
      evaluate: 'reuse',
    })
    const { how } = await lab.run()
    expect(new Set(Object.values(how))).toEqual(new Set(['reused', 'joined']))
  })

  it('returns the outputs and inputs of a step', async () => {
    const made = (await lab.value('features', 'features')) as Table<{ id: 'int32'; delay: 'int32' }>
    expect(await made.count()).toBe(1000)
    const received = (await lab.input('features', 'flights')) as Table<{ id: 'int32'; delay: 'int32' }>
    expect((await received.toArray())[6]).toEqual({ id: 6, delay: 6 })
    await expect(lab.value('features', 'feature')).rejects.toMatchObject({
      message: 'features has no output "feature"',
      next: 'did you mean "features"?',
    })
  })

  it('returns the outputs and inputs of one item of an each', async () => {
    const model = await lab.value('train', 'model')
    expect(await lab.value('score', 'score', 2)).toBe(3 * (model as number))
    expect(await lab.input('score', 'airport', 3)).toBe(4)
    expect(await lab.input('score', 'model', 3)).toBe(model)
    expect(((await lab.value('each-airports', 'score')) as { length: number }).length).toBe(4)
    await expect(lab.value('score', 'score', 4)).rejects.toMatchObject({ next: 'it has 4 items; indices start at 0' })
    await expect(lab.value('score', 'score')).rejects.toMatchObject({
      message: 'score runs once for each item of each-airports',
      next: expect.stringContaining("value('score', 'score', 0)"),
    })
    await expect(lab.value('train', 'model', 0)).rejects.toThrow('train is not inside an each')
  })

  it('runs only the steps that a parameter affects, and reports what changed', async () => {
    const run = await lab.params('train', { rate: 2 }).run()
    expect(run.how).toMatchObject({ load: 'reused', features: 'reused', train: 'computed', evaluate: 'computed' })
    expect(await run.compare()).toEqual(
      expect.arrayContaining([
        { what: 'parameter', name: 'train.rate', before: '1', after: '2' },
        expect.objectContaining({ what: 'metric', name: 'evaluate.auc' }),
      ]),
    )
    expect((await run.metrics())['evaluate.airports']).toBe(4)
    expect(run.plan.params).toEqual({ trees: 20 })
  })

  it('swaps a step for another one, whose results are stored as those of the step', async () => {
    const { withWeather } = await world.swaps()
    const swapped = lab.swap('features', withWeather, world.path('swaps.ts'))
    expect(await decisions(swapped)).toMatchObject({ load: 'reuse', features: 'run', train: 'may run' })
    const run = await swapped.run()
    expect(run.how).toMatchObject({ load: 'reused', features: 'computed', train: 'computed' })
    expect(await run.value('train', 'model')).toBe(((await lab.value('train', 'model')) as number) * 1.5)
    expect((await swapped.run()).how).toMatchObject({ features: 'reused', train: 'reused' })
  })

  it('compares an output with production, or with another run', async () => {
    const { withWeather } = await world.swaps()
    const run = await lab.swap('features', withWeather, world.path('swaps.ts')).run()
    const parts = await run.compareOutput('features', { key: ['id'], rows: 1 })
    expect(parts.map(({ title, rows }) => [title, title === 'columns' ? rows.length : rows])).toEqual([
      ['rows', [[1000]]],
      ['columns', 2],
      ['rows with the same id', [[0, 0, 1000, 857]]],
      ['changed', [['delay', 857, 0.857]]],
      ['examples', [[1, [2, 3]]]],
    ])
    expect((await run.compareOutput('features', { with: run.run })).at(-1)!.rows).toEqual([[0, 0, 1000, 0]])
    expect((await run.compareOutput('train/model'))[0]!.rows).toEqual([['', [119_880, 179_820]]])
  })

  it('refuses a swap of another kind with both schemas', async () => {
    const { wrong } = await world.swaps()
    await expect(lab.swap('features', wrong, world.path('swaps.ts')).run()).rejects.toThrow(
      'wrong cannot replace features: it returns json true as "features", but features returns table {"columns":[["id","int32"],["delay","int32"]]}',
    )
  })

  it('runs from the middle to the middle', async () => {
    const run = await lab.params('train', { rate: 3 }).only('train').run()
    expect(run.how).toEqual({ train: 'computed' })
    expect(run.plan.nodes['features']).toMatchObject({ type: 'given', from: production })
  })

  it('continues with a value set by hand, and is tainted', async () => {
    const rows = [{ id: 0, delay: 5 }]
    const run = await lab.set('features', 'features', rows).run()
    expect(run.how).toMatchObject({ train: 'computed' })
    expect(run.how).not.toHaveProperty('features')
    expect(await run.value('train', 'model')).toBe(100)
    expect(run.plan.taints).toEqual([{ node: 'features', output: 'features', how: 'set by hand' }])
    const later = await world.lab({ base: run.run })
    expect((await planEdits(later.session, later.only('train').edits)).planned.plan.taints).toEqual(run.plan.taints)
  })

  it('continues with some rows or items', async () => {
    const sampled = await lab.sample('load', 'flights', { count: 10 }).until('train').run()
    const rows = (await ((await sampled.value('load', 'flights')) as Table<{}>).toArray()) as Record<string, number>[]
    expect(rows).toHaveLength(10)
    expect(rows.every(({ id, delay }) => delay === id! % 7)).toBe(true)
    expect(rows).toEqual(rows.toSorted((a, b) => a['id']! - b['id']!))
    expect(sampled.plan.taints).toEqual([{ node: 'load', output: 'flights', how: 'cut to 10 of 1,000 rows' }])
    expect(sampled.how).toMatchObject({ features: 'computed', train: 'computed' })

    const some = await lab.items('score', [1, 3]).run()
    expect(some.how).toMatchObject({ 'score/0': 'reused', evaluate: 'computed' })
    expect((await some.metrics())['evaluate.airports']).toBe(2)
    expect(some.plan.taints).toEqual([
      { node: 'load', output: 'airports', how: 'cut to 2 of 4 items for each-airports' },
    ])
    await expect(lab.items('score', [7]).run()).rejects.toMatchObject({ next: 'it has 4 items; indices start at 0' })
  })

  it('refuses a change without an effect', async () => {
    await expect(lab.params('train', { rate: 2 }).from('evaluate').run()).rejects.toThrow(
      'train.rate is set, but train is not run here: its outputs are taken from another run',
    )
    await expect(lab.params('evaluate', { rate: 2 }).run()).rejects.toThrow('evaluate has no parameter "rate"')
  })

  it('runs a matrix of variants, whose shared steps are computed once, and ranks them', async () => {
    const { withWeather } = await world.swaps()
    const computed: string[] = []
    const board = await lab.swap('features', withWeather, world.path('swaps.ts')).matrix(
      { 'train.trees': [1, 2, 3, 4], 'train.rate': [5, 6, 7] },
      {
        by: 'auc',
        onEvent: ({ type, data }) => type === 'cairn.completed' && data.how === 'computed' && computed.push(data.node!),
      },
    )
    expect(board.variants).toHaveLength(12)
    expect(board.by).toBe('evaluate.auc')
    expect(board.variants[0]).toMatchObject({ settings: { 'train.trees': 4, 'train.rate': 7 }, error: undefined })
    const scores = board.variants.map(({ metrics }) => metrics['evaluate.auc']!)
    expect(scores).toEqual(scores.toSorted((a, b) => b - a))
    expect(computed.filter((node) => node === 'features').length).toBeLessThanOrEqual(1)
    expect(computed.filter((node) => node === 'train')).toHaveLength(12)
  })

  it('leaves production unchanged to the byte, whatever was tried', () => {
    expect(world.production()).toBe(before)
  })

  it('is refused by the production store if it writes there', async () => {
    const { store } = lab.session.workspace
    const path = lab.session.workspace.at('delays').plan(production)
    await expect(store.replace(path, (await store.read(path))!, Buffer.from('{}'))).resolves.toBe(true) // hides it here
    expect(world.production()).toBe(before)
    await store.remove(path)
  })
})

describe('an old production run', () => {
  let world: Explored
  beforeAll(() => void (world = new Explored()))
  afterAll(() => world.remove())

  it('keeps its source versions, and names differences to the current ones', async () => {
    const production = await world.produce()
    world.write({ 'flights.json': '[1, 2, 3]' })
    const lab = await world.lab({ base: production })
    const run = await lab.params('train', { rate: 4 }).run()
    expect(run.how).toMatchObject({ load: 'reused', features: 'reused', train: 'computed' })
    expect(await lab.differences()).toEqual([])
  })

  it('recomputes collected outputs from the nearest available ones', async () => {
    const lab = await world.lab()
    const { workspace, base } = lab.session
    const { outputs } = JSON.parse(
      Buffer.from((await workspace.store.read(workspace.at('delays').end(base.run, 'features')))!).toString(),
    ).items[0] as { outputs: Record<string, { digest: string }> }
    const { rmSync } = await import('node:fs')
    const { join } = await import('node:path')
    rmSync(join(world.project.store, workspace.at('delays').object(outputs['features']!.digest)))
    const gone = (await lab.value('features', 'features')) as Table<{}>
    await expect(gone.count()).rejects.toMatchObject({ code: 'NOT_FOUND' })
    const changed = lab.params('train', { rate: 5 }).from('train')
    expect((await planEdits(lab.session, changed.edits)).planned.missing).toEqual(['features'])
    expect((await changed.run()).how).toMatchObject({ features: 'computed', train: 'computed' })
  })
})
