import { beforeEach, expect, it } from 'vitest'
import { claim, layout, RECORD_VERSION, type ArtifactStore, type RunEnd } from '@cairn/records'
import { ENV, World } from './run-queue.fixture.ts'
import { RunsList } from './runs-list.ts'
import { RunsQuery } from './runs-query.ts'

const at = layout(ENV, 'p')
const QUERY = RunsQuery.parse({})

let world: World
let asked: string[]
let list: (query?: object) => ReturnType<RunsList['list']>
beforeEach(async () => {
  world = new World({})
  asked = []
  const { store } = world
  const counted: ArtifactStore = {
    ...store,
    read: (path) => (asked.push(path), store.read(path)),
    children: (folder) => (asked.push(folder), store.children(folder)),
  }
  const host = { ...world.host, store: counted, prepare: async () => {}, plan: () => Promise.reject(new Error()) }
  const runs = new RunsList(host as never, world.queue())
  list = (query = {}) => runs.list('p', { ...QUERY, ...query })
  for (const run of ['1', '2', '3']) await world.plan(`p/${run}`)
})

const end = async (run: string) => {
  const record: RunEnd = { v: RECORD_VERSION, status: 'completed', endedAt: 5, host: 'h' }
  await claim(world.store, at.runEnd(run), record)
}
const standing = async () => (await list()).runs.map(({ run, status }) => [run, status])

it('reads an ended run once for good, and a running one each time it is listed', async () => {
  await end('1')
  await end('2')
  const expected = [
    ['3', 'running'],
    ['2', 'completed'],
    ['1', 'completed'],
  ]
  expect(await standing()).toEqual(expected)
  asked = []
  expect(await standing()).toEqual(expected)
  expect(asked.sort()).toEqual([at.runs, at.plan('3'), at.runEnd('3'), at.unfits('3')].sort())
  await end('3')
  expect((await standing())[0]).toEqual(['3', 'completed'])
})

it('reads each record once for any number of concurrent requests', async () => {
  await end('1')
  const lists = await Promise.all(Array.from({ length: 50 }, () => list()))
  expect(new Set(lists.map((each) => JSON.stringify(each))).size).toBe(1)
  expect(new Set(asked).size).toBe(asked.length)
})

it('lists a run that was planned before the request, even during other requests', async () => {
  const others = [list(), list()]
  await world.plan('p/4')
  expect((await list()).runs[0]).toMatchObject({ run: '4' })
  await Promise.all(others)
})

it('leaves out a removed run, even if it was read before', async () => {
  await end('1')
  await list()
  await world.store.remove(at.plan('1'))
  await world.store.remove(at.runEnd('1'))
  expect((await standing()).map(([run]) => run)).toEqual(['3', '2'])
})
