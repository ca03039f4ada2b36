import { expect, it } from 'vitest'
import { directStore } from '../simulation/direct-store.ts'
import { namedCode } from '../simulation/named-code.ts'
import { json } from '../simulation/pipelines.ts'
import { pipeline, step } from '@cairn/kernel'
import {
  errorRecord,
  systemClock,
  runEvent,
  layout,
  claim,
  readRecord,
  type Compute,
  type EndRecord,
} from '@cairn/records'
import { makePlan } from '@cairn/planner'
import { Engine } from './engine.ts'

const Int = json<number>()
const long = step('long', { outputs: { n: Int }, run: () => ({ n: 1 }) })
const lengthy = pipeline('lengthy', () => ({ n: long({}).n }))

it('a stopping host leaves its work to the next one, which makes the first attempt', async () => {
  const files = new Map<string, Uint8Array>()
  const store = directStore(files)
  const clock = systemClock
  const at = layout('test', 'lengthy')
  const remember = () => Promise.reject(new Error())
  const planner = { store, clock, closures: namedCode, root: '', secrets: () => undefined, remember }
  const plan = await makePlan(planner, lengthy, { run: 'run', env: 'test' })
  await claim(store, at.plan('run'), plan)

  const begun = Promise.withResolvers<void>()
  const untilStopped: Compute = {
    async *run({ items }, signal) {
      begun.resolve()
      await new Promise((stop) => signal.addEventListener('abort', stop))
      for (const { index } of items) yield { index, ms: 1, error: errorRecord(signal.reason) }
    },
  }
  const failing: Compute = {
    async *run({ items }) {
      for (const { index } of items) yield { index, ms: 1, error: errorRecord(new Error('no')) }
    },
  }
  const bus = { publish: async () => {}, subscribe: () => Promise.reject(new Error()) }
  const host = (name: string, compute: Compute) =>
    new Engine({ store, bus, clock, compute, name, hasSuccessor: true, steps: new Set(['long']) })
  const started = runEvent(plan, 'run-started', 0)

  const first = host('first', untilStopped)
  const handled = first.handle(started)
  await begun.promise
  expect(await store.children(at.attempts('run'))).toHaveLength(1)
  first.stop()
  await expect(handled).rejects.toMatchObject({ name: 'Stopped' })
  expect(await store.children(at.attempts('run'))).toEqual([])
  expect(await store.children(at.ends('run'))).toEqual([])

  await host('second', failing).handle(started)
  const end = await readRecord<EndRecord>(store, at.end('run', 'long'))
  expect(end).toMatchObject({ host: 'second', status: 'failed', attempts: 1 })
})
