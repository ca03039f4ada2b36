import { expect, it, vi } from 'vitest'
import { memoryStore } from '@cairn/drivers/store/memory'
import {
  encodeRecord,
  endEvent,
  layout,
  RECORD_VERSION,
  runEvent,
  type CairnEvent,
  type EndRecord,
  type Plan,
  type RunEnd,
} from '@cairn/records'
import { Follower } from './follower.ts'

const at = layout('test', 'p')
const step = { type: 'step', step: 'make', scope: [], guards: [], params: {}, inputs: {} }
const plan = { env: 'test', pipeline: 'p', run: 'r', nodes: { a: step, b: step } } as unknown as Plan

/** A run of two tasks on a bus that only delivers what a test publishes. */
async function world({
  status = 'completed' as RunEnd['status'],
  ended = ['a', 'b'] as readonly string[],
  recorded = undefined as readonly string[] | undefined,
} = {}) {
  const store = memoryStore()
  const write = (path: string, record: EndRecord | RunEnd) => store.create(path, encodeRecord(record, path))
  const ends = Object.fromEntries(
    ended.map((task, index): [string, EndRecord] => [
      task,
      {
        v: RECORD_VERSION,
        status: 'completed',
        items: [],
        counts: {},
        attempts: 1,
        startedAt: 0,
        endedAt: index,
        host: 'h',
      },
    ]),
  )
  const end: RunEnd = { v: RECORD_VERSION, status, endedAt: 9, host: 'h' }
  const record = (what: string) => (what in ends ? write(at.end('r', what), ends[what]!) : write(at.runEnd('r'), end))
  for (const what of recorded ?? [...ended, 'the end of the run']) await record(what)
  let listener: ((event: CairnEvent) => void) | undefined
  const listening = Promise.withResolvers<void>()
  const bus = {
    listen: async (_: string, received: (event: CairnEvent) => void) => {
      listener = received
      await listening.promise
      return { close: async () => {} }
    },
  }
  const follower = new Follower({ env: 'test', store, bus } as never, { recentView: () => Promise.reject(new Error()) })
  const received: string[] = []
  const over = new Promise<void>((done, fail) => {
    follower.follow(plan).subscribe({
      next: ({ type, data }) => type.startsWith('cairn.') && received.push((data as CairnEvent).id),
      complete: done,
      error: fail,
    })
  })
  const tell = (event: CairnEvent) => listener!(event)
  return { received, over, tell, ends, end, record, listen: listening.resolve }
}

it('sends the ends of tasks before the end of their run, even if the end of the run arrives first', async () => {
  const { received, over, tell, end } = await world()
  tell(runEvent(plan, 'run-ended', end.endedAt, end))
  await over
  expect(received).toEqual(['r/a/completed', 'r/b/completed', 'r/run-ended'])
})

it('sends each event once, whether it arrived, was recorded, or both', async () => {
  const { received, over, tell, listen, ends, end } = await world()
  tell(endEvent(plan, 'b', ends['b']!))
  await vi.waitUntil(() => received.length > 0)
  listen()
  tell(runEvent(plan, 'run-ended', end.endedAt, end))
  await over
  expect(received).toEqual(['r/b/completed', 'r/a/completed', 'r/run-ended'])
})

it('ends with a cancelled run, although the ends of some of its tasks are not recorded yet', async () => {
  const { received, over, tell, end } = await world({ status: 'cancelled', ended: ['a'] })
  tell(runEvent(plan, 'run-ended', end.endedAt, end))
  await over
  expect(received).toEqual(['r/a/completed', 'r/run-ended'])
})

it('leaves out events of other runs', async () => {
  const { received, over, tell, ends, end } = await world()
  const other = { ...plan, run: 's' }
  tell(endEvent(other, 'a', ends['a']!))
  tell(runEvent(other, 'run-ended', end.endedAt, end))
  tell(runEvent(plan, 'run-ended', end.endedAt, end))
  await over
  expect(received).toEqual(['r/a/completed', 'r/b/completed', 'r/run-ended'])
})

it('sends no end that is claimed but not recorded', async () => {
  const { received, over, tell, ends, end, record } = await world({ recorded: ['a'] })
  tell(endEvent(plan, 'a', { ...ends['a']!, status: 'failed' }))
  tell(endEvent(plan, 'b', { ...ends['b']!, status: 'failed' }))
  tell(runEvent(plan, 'run-ended', 1, { ...end, status: 'failed' }))
  await vi.waitUntil(() => received.length > 0)
  await record('b')
  tell(endEvent(plan, 'b', ends['b']!))
  await vi.waitUntil(() => received.length > 1)
  await record('the end of the run')
  tell(runEvent(plan, 'run-ended', end.endedAt, end))
  await over
  expect(received).toEqual(['r/a/completed', 'r/b/completed', 'r/run-ended'])
})
