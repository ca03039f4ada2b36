import { beforeEach, expect, it, onTestFinished, vi } from 'vitest'
import { memoryStore } from '@cairn/drivers/store/memory'
import { encodeRecord, layout, type CairnEvent, type EndRecord, type Plan } from '@cairn/records'
import { RecordedRun } from './recorded-run.ts'

const at = layout('test', 'p')
const step = { type: 'step', step: 'make', scope: [], guards: [], params: {}, inputs: {} }
const plan = { env: 'test', pipeline: 'p', run: 'r', nodes: { a: step, b: step, c: step } } as unknown as Plan

let asked: string[]
let store: ReturnType<typeof memoryStore>
let run: RecordedRun
beforeEach(() => {
  asked = []
  const files = memoryStore()
  store = {
    ...files,
    read: (path) => (asked.push(`GET ${path.slice(at.run('r').length)}`), files.read(path)),
    children: (path) => (asked.push(`LIST ${path.slice(at.run('r').length)}`), files.children(path)),
  }
  run = new RecordedRun(plan, store)
})

const end = (task: string, endedAt: number) => {
  const record: EndRecord = {
    v: 1,
    status: 'completed',
    items: [],
    counts: {},
    attempts: 1,
    startedAt: 0,
    endedAt,
    host: 'h',
  }
  return store.create(at.end('r', task), encodeRecord(record, at.end('r', task)))
}
const ids = (events: readonly CairnEvent[]) => events.map(({ id }) => id)

it('is read once for any number of concurrent requests', async () => {
  await end('b', 2)
  await end('a', 1)
  const all = await Promise.all(Array.from({ length: 150 }, () => run.events()))
  expect(new Set(all).size).toBe(1)
  expect(ids(all[0]!)).toEqual(['r/a/completed', 'r/b/completed'])
  expect(asked.sort()).toEqual(
    ['GET ends/a', 'GET ends/b', 'GET end', 'LIST attempts/', 'LIST ends/', 'LIST unfits/'].sort(),
  )
})

it('reads each end record once', async () => {
  await end('a', 1)
  await run.events()
  await end('b', 2)
  asked = []
  expect(ids(await run.events())).toEqual(['r/a/completed', 'r/b/completed'])
  expect(asked.filter((path) => path.startsWith('GET ends/'))).toEqual(['GET ends/b'])
})

it('is read again for a request during a read, which sees what was recorded meanwhile', async () => {
  const first = run.events()
  await Promise.resolve().then(() => {}) // now the read is in progress
  await end('a', 1)
  expect(ids(await run.events())).toEqual(['r/a/completed'])
  await first
})

it('is read again after a failed read', async () => {
  await end('a', 1)
  const { children } = store
  store.children = () => Promise.reject(new Error('away'))
  await expect(run.events()).rejects.toThrow('away')
  store.children = children
  expect(ids(await run.events())).toEqual(['r/a/completed'])
})

it('is sent to all followers with one read every five seconds, and not read without followers', async () => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  await end('a', 1)
  const received: string[] = []
  const leave = [run.follow(({ id }) => received.push(`one ${id}`)), run.follow(({ id }) => received.push(`two ${id}`))]
  asked = []
  await vi.advanceTimersByTimeAsync(5_000)
  expect(received).toEqual(['one r/a/completed', 'two r/a/completed'])
  expect(asked.length).toBe(5)
  leave[0]!()
  expect(run.isFollowed).toBe(true)
  leave[1]!()
  expect(run.isFollowed).toBe(false)
  await vi.advanceTimersByTimeAsync(60_000)
  expect(asked.length).toBe(5)
})
