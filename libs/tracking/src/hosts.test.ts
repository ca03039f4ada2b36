import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CLUSTER } from './cluster.fixture.ts'
import { orphansIn, startReceiver, treeOf, type ReceivedSpan, type Receiver } from './receiver.fixture.ts'
import { TRACKED, TrackedProject, type Ran } from './tracked-project.fixture.ts'

describe('a run with a process for each step, one of which is killed midway', () => {
  let project: TrackedProject
  let receiver: Receiver
  let ran: Ran
  beforeAll(async () => {
    project = new TrackedProject(CLUSTER)
    receiver = await startReceiver()
    const env = { ...TRACKED, ...receiver.env, OTEL_SERVICE_NAME: 'control' }
    const running = project.run(env, 'cluster.ts')
    await Promise.race([receiver.until(({ logs }) => logs.some(({ body }) => body === 'begun')), running])
    project.write({ kill: '' })
    ran = await running
  })
  afterAll(async () => {
    await receiver[Symbol.asyncDispose]()
    project.remove()
  })

  const named = (name: string) => receiver.spans.filter((span) => span.name === name)
  const under = ({ spanId }: ReceivedSpan) => receiver.spans.filter(({ parentSpanId }) => parentSpanId === spanId)
  const serviceOf = ({ resource }: ReceivedSpan) => resource['service.name']

  it('is one trace across all processes, without orphaned spans', () => {
    expect([ran.code, ran.errors]).toEqual([0, ''])
    expect(new Set(receiver.spans.map(({ traceId }) => traceId)).size).toBe(1)
    expect(orphansIn(receiver.spans)).toEqual([])
    expect(new Set(receiver.spans.map(serviceOf))).toEqual(
      new Set(['control', 'stage-load', 'stage-double', 'stage-slow', 'stage-sum']),
    )
    const [root] = named('RUN demo')
    expect([named('RUN demo').length, serviceOf(root!)]).toEqual([1, 'stage-sum'])
    const tasks = Object.groupBy(under(root!), ({ name }) => name)
    for (const [name, count] of Object.entries({ load: 1, double: 3, 'each-ns': 1, slow: 1, sum: 1 }))
      expect(tasks[name], name).toHaveLength(count)
  })

  it('shows both attempts: the lost one and its replacement', () => {
    const [slow] = named('slow')
    expect(treeOf(receiver.spans, slow)).toEqual([
      'queue',
      'compute',
      'process cairn.local.demo',
      '  send cairn.local.demo',
      '  compute',
      '    commit',
      '  commit',
      '  send cairn.local.demo',
    ])
    const [lost, done] = named('compute')
      .filter(({ parentSpanId }) => [slow!, ...under(slow!)].some(({ spanId }) => spanId === parentSpanId))
      .sort((a, b) => a.startedAt - b.startedAt)
    expect(lost).toMatchObject({ isError: true, attributes: { 'cairn.attempt': 1, 'cairn.attempt.result': 'lost' } })
    expect(done).toMatchObject({ isError: false, attributes: { 'cairn.attempt': 2, 'cairn.attempt.result': 'done' } })
    expect(lost!.attributes['cicd.worker.id']).not.toBe(done!.attributes['cicd.worker.id'])
    expect(lost!.endedAt).toBeLessThanOrEqual(done!.startedAt)
    expect(slow!.startedAt).toBeLessThanOrEqual(lost!.startedAt)
    const logs = receiver.logs.map(({ body, spanId }) => [body, spanId])
    expect(logs).toEqual([
      ['begun', lost!.spanId],
      ['again', done!.spanId],
    ])
  })

  it('links a join to its tasks in other processes, and each event to its sender there', () => {
    const ids = (...names: string[]) => names.flatMap(named).map(({ spanId }) => spanId)
    const needsOf = (name: string) =>
      named(name)[0]!
        .links.map(({ spanId }) => spanId)
        .sort()
    expect(needsOf('sum')).toEqual(ids('each-ns', 'slow').sort())
    expect(needsOf('each-ns')).toEqual(ids('load', 'double').sort())
    const process = under(named('load')[0]!).find(({ name }) => name.startsWith('process'))
    const sender = receiver.spans.find(({ spanId }) => spanId === process!.links[0]!.spanId)
    expect([sender!.name, serviceOf(sender!)]).toEqual(['send cairn.local.demo', 'control'])
    expect(sender!.attributes['messaging.message.id']).toMatch(/\/run-started$/)
  })

  it('counts the lost attempt', () => {
    expect(receiver.metrics.filter(({ name }) => name === 'cairn.retries')).toMatchObject([
      { sum: 1, attributes: { 'cicd.pipeline.task.name': 'slow', 'error.type': 'lost' } },
    ])
  })
})
