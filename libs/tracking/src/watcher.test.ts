import { expect, it } from 'vitest'
import {
  channels,
  publish,
  promotedEvent,
  runEvent,
  traced,
  type CairnEvent,
  type EndRecord,
  type ErrorRecord,
  type EventBus,
  type Plan,
} from '@cairn/records'
import { parseTraceparent, traceIdOf, traceparent } from './ids.ts'
import type { Report } from './report.ts'
import { Watcher } from './watcher.ts'

const plan: Plan = {
  v: 1,
  run: 'run-1',
  env: 'test',
  pipeline: 'chain',
  createdAt: 1_000,
  params: {},
  steps: {},
  nodes: { train: { type: 'step', step: 'train', inputs: {}, params: {}, scope: [], guards: [] } },
  outputs: {},
}
const bus: EventBus = { publish: () => Promise.resolve(), subscribe: () => Promise.reject(new Error('no one does')) }

const reports: Report[] = []
const failures: unknown[] = []
new Watcher((report) => {
  if (report.about === 'dead-letter' && report.topic === 'broken') throw new Error('the tracker is broken')
  reports.push(report)
}).listen((listener) => (message) => {
  try {
    listener(message)
  } catch (error) {
    failures.push(error)
  }
})

it('continues its own trace, and drops the trace state of any other trace', async () => {
  const [mine, foreign] = [runEvent(plan, 'run-started', 1_000), runEvent(plan, 'run-started', 1_000)]
  const from = (traceId: string): CairnEvent => ({
    ...mine,
    headers: { traceparent: traceparent(traceId, '00f067aa0ba902b7'), tracestate: 'vendor=1' },
  })
  await publish(bus, plan, [mine], { cause: from(traceIdOf(plan)) })
  await publish(bus, plan, [foreign], { cause: from('4bf92f3577b34da6a3ce929d0e0e4736') })
  const spans = reports.map((report) => report.about === 'send' && report.spanId)
  for (const [index, { headers }] of [mine, foreign].entries())
    expect(parseTraceparent(headers['traceparent'])).toEqual({ traceId: traceIdOf(plan), spanId: spans[index] })
  expect([mine, foreign].map(({ headers }) => headers['tracestate'])).toEqual(['vendor=1', undefined])
})

it('records the end of a run once, however often it is published', async () => {
  const end = () => runEvent(plan, 'run-ended', 5_000, { v: 1, status: 'failed', endedAt: 5_000, host: 'a' })
  await publish(bus, plan, [end()])
  await publish(bus, plan, [end()])
  expect(reports.filter(({ about }) => about === 'run')).toMatchObject([
    { startedAt: 1_000, endedAt: 5_000, status: 'failed' },
  ])
})

it('records each attempt with the first error of its items, and its own end', async () => {
  const message = { plan, task: 'train', host: 'a', cause: runEvent(plan, 'run-started', 1_000), needs: [] }
  const about = (attempt: number) => () => ({ plan, task: 'train', attempt })
  const error: ErrorRecord = { code: 'STEP_FAILED', name: 'Error', message: 'no luck' }
  const end: EndRecord = {
    ...{ v: 1, status: 'completed', items: [], counts: {}, attempts: 2, startedAt: Date.now() + 1_000, endedAt: 0 },
    host: 'a',
  }
  await traced(
    channels.task,
    () => message,
    async () => {
      await traced(channels.compute, about(1), async () => ({ errors: new Map([[0, error]]) }))
      await traced(channels.compute, about(2), async () => ({ errors: new Map() }))
      return end
    },
  )
  expect(failures).toEqual([])
  expect(reports.at(-1)).toMatchObject({
    attempts: [
      { attempt: 1, result: 'failed', error: { code: 'STEP_FAILED' }, endedAt: expect.any(Number) as number },
      { attempt: 2, result: 'done', error: undefined, endedAt: expect.any(Number) as number },
    ],
  })
})

it('records promotions', () => {
  channels.promotion.publish(promotedEvent(plan, { v: 1, run: plan.run, since: 1, by: 'ann' }))
  expect(reports.at(-1)).toEqual({ about: 'promotion', pipeline: plan.pipeline })
})

it('records how many runs are running and queued', () => {
  channels.queue.publish({ pipeline: plan.pipeline, running: 2, waiting: 500 })
  expect(reports.at(-1)).toEqual({ about: 'queue', pipeline: plan.pipeline, running: 2, waiting: 500 })
})

it('records dead letters, and does not interfere if that fails', () => {
  for (const topic of ['broken', 'whole'])
    channels.deadLetter.publish({ topic, group: 'g', event: undefined, error: new TypeError('no event') })
  expect(failures).toHaveLength(1)
  expect(reports.at(-1)).toEqual({
    about: 'dead-letter',
    topic: 'whole',
    group: 'g',
    error: { code: 'TypeError', message: 'no event' },
  })
})
