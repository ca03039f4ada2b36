import { expect, it } from 'vitest'
import { busSuite } from './bus.suite.ts'
import { memoryBus } from './memory.ts'

busSuite('memory', () => memoryBus({ retain: true, redeliverAfter: 1 }))

it('drops events that every group has handled, unless it retains them', async () => {
  const bus = memoryBus({ partitions: 1 })
  const seen: string[] = []
  const event = (id: string) => ({ specversion: '1.0', id, type: 'cairn.completed', partitionkey: id }) as never
  const handled = Promise.withResolvers<void>()
  await bus.subscribe(
    'topic',
    { group: 'g', from: 'beginning' },
    async ({ id }) => void (seen.push(id) === 100 && handled.resolve()),
  )
  await bus.publish(
    'topic',
    Array.from({ length: 100 }, (_, index) => event(String(index))),
  )
  await handled.promise
  await new Promise(setImmediate)
  const late = Promise.withResolvers<string>()
  await bus.subscribe('topic', { group: 'late', from: 'beginning' }, async ({ id }) => late.resolve(id))
  await bus.publish('topic', [event('the first that is still there')])
  expect(await late.promise).toBe('the first that is still there')
})
