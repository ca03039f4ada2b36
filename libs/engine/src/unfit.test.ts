import { expect, it } from 'vitest'
import { json } from '../simulation/pipelines.ts'
import { pipeline, step, CairnError } from '@cairn/kernel'
import { Engine } from './engine.ts'
import { submit } from './submit.ts'
import { Example, valueOf } from './example.fixture.ts'
import type { Compute } from '@cairn/records'
import { unfitTasks } from './unfit.ts'

const Int = json<number>()
const read = step('read', { outputs: { n: Int }, run: () => ({ n: 3 }) })
const square = step('square', { inputs: { n: Int }, outputs: { n: Int }, run: ({ n }) => ({ n: n * n }) })
const squared = pipeline('squared', () => square(read({})))

const lacking: Compute = {
  // eslint-disable-next-line require-yield -- it refuses all work
  async *run() {
    throw new CairnError('MISFIT', 'the code was planned with a@1, and here is a@2', { next: 'npm install a@1' })
  },
}

it('a host passes a task that it cannot run to another partition of its step each time, with the reason', async () => {
  const example = new Example(squared)
  const steps = new Set(['read', 'square'])
  const unfit = new Engine(example.host('unfit', { steps, compute: lacking }))
  await submit(example.host(), await example.plan())

  const [started] = example.published.splice(0)
  await example.settle(unfit.handle(started!))
  const left = () => example.published.filter(({ type }) => type === 'cairn.ready')
  await example.settle(unfit.handle(left()[0]!))
  expect(left().map(({ data, partitionkey }) => [data.attempt, data.error?.message, partitionkey])).toEqual([
    [1, 'the code was planned with a@1, and here is a@2', 'run/read/1'],
    [2, 'the code was planned with a@1, and here is a@2', 'run/read/2'],
  ])
  expect(await unfitTasks(example.store, example.at, 'run')).toMatchObject([
    { task: 'read', host: 'unfit', error: { code: 'MISFIT', next: 'npm install a@1' } },
  ])

  await example.deliver(new Engine(example.host('fit', { steps })))
  const ends = await example.ends()
  expect(valueOf(ends['square'], 'n')).toBe(9)
  expect(ends['read']).toMatchObject({ status: 'completed', host: 'fit', attempts: 1 })
  expect(await unfitTasks(example.store, example.at, 'run')).toEqual([])
})

it('a task that returns to the same host before the bus responds is passed on again', async () => {
  const example = new Example(squared)
  const steps = new Set(['read', 'square'])
  const back: Promise<void>[] = []
  const unfit = new Engine(example.host('unfit', { steps, compute: lacking }))
  await submit(example.host(), await example.plan())
  example.onEvent = (event) => {
    if (event.type === 'cairn.ready' && event.data.attempt! < 3) back.push(unfit.handle(structuredClone(event)))
  }
  await example.settle(unfit.handle(example.published[0]!))
  while (back.length > 0) await example.settle(back.shift()!)
  expect(example.published.filter(({ type }) => type === 'cairn.ready').map(({ data }) => data.attempt)).toEqual([
    1, 2, 3,
  ])
})

it('a run whose tasks are passed on can be cancelled', async () => {
  const example = new Example(squared)
  const unfit = new Engine(example.host('unfit', { steps: new Set(['read', 'square']), compute: lacking }))
  await submit(example.host(), await example.plan())
  const handled = unfit.handle(example.published[0]!)
  handled.catch(() => {}) // checked below
  await new Promise(setImmediate)
  unfit.abort('run')
  await example.settle(handled)
  expect(await example.ends()).toMatchObject({ read: { status: 'cancelled' } })
})

it('an engine without other hosts ends such a task with the result of its compute driver', async () => {
  const example = new Example(squared)
  await submit(example.host(), await example.plan())
  await expect(
    example.settle(new Engine(example.host('alone', { compute: lacking })).handle(example.published[0]!)),
  ).rejects.toMatchObject({ code: 'MISFIT' })
})
