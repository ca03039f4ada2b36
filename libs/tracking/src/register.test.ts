import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { orphansIn, startReceiver, treeOf, type ReceivedSpan, type Receiver } from './receiver.fixture.ts'
import { PIPELINE, TRACKED, TrackedProject, type Ran } from './tracked-project.fixture.ts'

const TOPIC = 'cairn.local.demo'

describe('a tracked run in one process', () => {
  let project: TrackedProject
  let receiver: Receiver
  let ran: Ran
  beforeAll(async () => {
    project = new TrackedProject(PIPELINE)
    receiver = await startReceiver()
    ran = await project.cairn({ ...TRACKED, ...receiver.env }, 'run', 'demo', '--json')
  })
  afterAll(async () => {
    await receiver[Symbol.asyncDispose]()
    project.remove()
  })

  const named = (name: string) => receiver.spans.filter((span) => span.name === name)
  const under = (parent: ReceivedSpan, name: string) =>
    named(name).filter(({ parentSpanId }) => parentSpanId === parent.spanId)
  const idsOf = (spans: readonly ReceivedSpan[]) => spans.map(({ spanId }) => spanId)
  const needsOf = ({ links }: ReceivedSpan) =>
    links.filter(({ attributes }) => attributes['cairn.link'] === 'need').map(({ spanId }) => spanId)

  it('has the same result and output as untracked', () => {
    expect([ran.code, ran.errors]).toEqual([0, 'load | loading 5\nload | slowly\n'])
    expect(JSON.parse(ran.output)).toMatchObject({ status: 'completed' })
  })

  it('is one trace, in which every span has its parent', () => {
    expect(new Set(receiver.spans.map(({ traceId }) => traceId)).size).toBe(1)
    expect(orphansIn(receiver.spans)).toEqual([])
    expect(receiver.spans.filter(({ parentSpanId }) => parentSpanId === undefined)).toMatchObject([
      {
        name: 'RUN demo',
        kind: 2,
        attributes: { 'cicd.pipeline.name': 'demo', 'cicd.pipeline.result': 'success', 'cairn.env': 'local' },
      },
    ])
    expect(new Set(idsOf(receiver.spans)).size).toBe(receiver.spans.length)
  })

  it('has its tasks as children, and below each task what it did', () => {
    const [root] = named('RUN demo')
    for (const [name, tasks] of Object.entries({ load: 1, double: 3, 'each-ns': 1, flaky: 1, sum: 1 }))
      expect(under(root!, name), name).toHaveLength(tasks)
    expect(treeOf(receiver.spans, named('load')[0])).toEqual([
      'queue',
      `process ${TOPIC}`,
      `  send ${TOPIC}`,
      '  compute',
      '    commit',
      '  commit',
      `  send ${TOPIC}`,
    ])
  })

  it('shows every attempt, with its error and what it fetched', () => {
    const [process] = under(named('flaky')[0]!, `process ${TOPIC}`)
    const attempts = under(process!, 'compute')
    expect(
      attempts.map(({ attributes, isError }) => [attributes['cairn.attempt'], attributes['error.type'], isError]),
    ).toEqual([
      [1, 'STEP_FAILED', true],
      [2, undefined, false],
    ])
    expect(under(attempts[0]!, 'fetch')[0]!.attributes).toMatchObject({ 'cairn.bytes': 10_002 })
    expect(named('flaky')[0]).toMatchObject({
      isError: false,
      attributes: { 'cicd.pipeline.task.run.result': 'success', 'cairn.items.computed': 1 },
    })
  })

  it('links each task to those that it waited for: a batch to its list, a join to everything that it joins', () => {
    const [load] = named('load')
    for (const batch of named('double')) expect(needsOf(batch)).toEqual([load!.spanId])
    expect(needsOf(named('each-ns')[0]!).sort()).toEqual(idsOf([load!, ...named('double')]).sort())
    expect(needsOf(named('sum')[0]!).sort()).toEqual(idsOf([...named('each-ns'), ...named('flaky')]).sort())
  })

  it('links the handling of each event to its sending', () => {
    const sends = new Set(idsOf(named(`send ${TOPIC}`)))
    const processes = named(`process ${TOPIC}`)
    expect(processes).toHaveLength(7)
    for (const { links, kind, attributes } of processes) {
      expect(links.map(({ spanId }) => sends.has(spanId))).toEqual([true])
      expect([kind, attributes['messaging.system']]).toEqual([5, 'memory'])
    }
    expect(named(`send ${TOPIC}`)[0]).toMatchObject({ kind: 4, attributes: { 'messaging.operation.type': 'send' } })
  })

  it('records what steps print as logs of their attempts', () => {
    const [load] = named('load')
    const [attempt] = under(under(load!, `process ${TOPIC}`)[0]!, 'compute')
    const { traceId, spanId } = attempt!
    expect(receiver.logs).toMatchObject([
      {
        body: 'loading 5',
        traceId,
        spanId,
        attributes: { 'log.iostream': 'stdout', 'cicd.pipeline.task.name': 'load' },
      },
      { body: 'slowly', traceId, spanId, attributes: { 'log.iostream': 'stderr' } },
    ])
  })

  it('records metrics', () => {
    const measured = (name: string, task?: string) =>
      receiver.metrics.filter(
        (metric) =>
          metric.name === name && (task === undefined || metric.attributes['cicd.pipeline.task.name'] === task),
      )
    expect(measured('cicd.pipeline.run.duration')).toMatchObject([
      { count: 1, attributes: { 'cicd.pipeline.name': 'demo', 'cicd.pipeline.result': 'success' } },
    ])
    expect(measured('cairn.task.duration', 'double')).toMatchObject([{ count: 3 }])
    expect(measured('cairn.queue.age', 'double')).toMatchObject([{ count: 3 }])
    expect(measured('cairn.compute.duration', 'double')).toMatchObject([{ count: 5 }])
    expect(measured('cairn.items', 'double')).toMatchObject([{ sum: 5, attributes: { 'cairn.how': 'computed' } }])
    expect(measured('cairn.retries')).toMatchObject([{ sum: 1, attributes: { 'error.type': 'STEP_FAILED' } }])
    expect(measured('cairn.artifact.io', 'flaky')).toMatchObject([
      { sum: expect.any(Number), attributes: { 'cairn.io.direction': 'read' } },
      { sum: 5, attributes: { 'cairn.io.direction': 'write' } },
    ])
    expect(measured('messaging.client.operation.duration')).toHaveLength(1)
  })

  it('has its own trace if it reuses steps of another run', async () => {
    await project.cairn({ ...TRACKED, ...receiver.env }, 'run', 'demo', '--from', 'sum')
    const [first, second] = named('RUN demo')
    expect(second!.traceId).not.toBe(first!.traceId)
    expect(second!.links).toMatchObject([{ traceId: first!.traceId, spanId: first!.spanId }])
    const sum = named('sum').find(({ traceId }) => traceId === second!.traceId)!
    expect(sum.attributes).toMatchObject({ 'cairn.items.reused': 1 })
    expect(needsOf(sum).sort()).toEqual(idsOf([...named('each-ns'), ...named('flaky')]).sort())
    expect(orphansIn(receiver.spans)).toEqual([])
  })
})
