import { afterEach, expect, it } from 'vitest'
import { channels, type PublishMessage } from './channels.ts'
import { runEvent, type CairnEvent } from './events.ts'
import type { Plan } from './plan-record.ts'
import type { EventBus } from './ports.ts'
import { publish } from './publish.ts'

const plan: Plan = {
  v: 1,
  run: 'run-1',
  env: 'test',
  pipeline: 'chain',
  createdAt: 0,
  params: {},
  steps: {},
  nodes: {},
  outputs: {},
}
const TRACE = { traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01', tracestate: 'vendor=1' }

const sent: CairnEvent[] = []
const bus: EventBus = {
  system: 'test',
  publish: async (_topic, events) => void sent.push(...structuredClone(events)),
  subscribe: () => Promise.reject(new Error('no one does')),
}
const started = () => runEvent(plan, 'run-started', 0)

afterEach(() => void sent.splice(0))

it('forwards the trace context of the causing event, and no other headers', async () => {
  await publish(bus, plan, [started()], { cause: { ...started(), headers: { ...TRACE, other: 'x' } } })
  await publish(bus, plan, [started()], { cause: started() })
  expect(sent.map(({ headers }) => headers)).toEqual([TRACE, {}])
})

it('lets a watcher add headers before events are sent', async () => {
  const received: PublishMessage[] = []
  const watcher = {
    start(message: PublishMessage) {
      received.push(message)
      for (const { headers } of message.events) headers['traceparent'] = 'mine'
    },
  }
  channels.publish.subscribe(watcher as never)
  await publish(bus, plan, [started()], { cause: { ...started(), headers: TRACE } })
  channels.publish.unsubscribe(watcher as never)
  expect(sent[0]!.headers['traceparent']).toBe('mine')
  expect(received).toMatchObject([{ plan, topic: 'cairn.test.chain', system: 'test' }])
})
