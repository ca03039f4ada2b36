import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { orphansIn, startReceiver, type ReceivedSpan, type Receiver } from '@cairn/tracking/receiver'
import { CliProject, computed, exit, type Files, type RunSummary } from './project.fixture.ts'

/** A join behind an `each`; one step waits, the first time, until its process is killed. */
const FILES: Files = {
  'traced.pipeline.ts': `import { existsSync, writeFileSync } from 'node:fs'
import { each, list, pipeline, step } from '@cairn/kernel'
import { json } from '@cairn/kinds'
const Int = json<number>()
export const load = step('load', { outputs: { numbers: list(Int) }, run: () => ({ numbers: [1, 2, 3] }) })
export const double = step('double', { inputs: { n: Int }, outputs: { n: Int }, run: ({ n }) => ({ n: n * 2 }) })
export const slow = step('slow', {
  inputs: { numbers: list(Int) },
  outputs: { n: Int },
  acknowledge: ['files', 'clock'],
  run: () => {
    console.log('slow is at work')
    const isFirst = !existsSync('begun')
    writeFileSync('begun', '')
    while (isFirst) for (const until = Date.now() + 10; Date.now() < until; );
    return { n: 1 }
  },
})
export const sum = step('sum', {
  inputs: { numbers: list(Int), one: Int },
  outputs: { total: Int },
  async run({ numbers, one }) {
    let total = one
    for await (const n of numbers) total += n
    return { total }
  },
})
export const traced = pipeline('traced', () => {
  const { numbers } = load({})
  const doubled = each(numbers, (n) => double({ n }))
  return sum({ numbers: doubled.n, one: slow({ numbers }).n })
})
`,
}

describe.skipIf(!inject('servers'))('a run on services that are traced, one of which is killed in the middle', () => {
  let project: CliProject
  let receiver: Receiver
  let run: RunSummary
  beforeAll(async () => {
    project = new CliProject(FILES)
    receiver = await startReceiver()
    const { code, stderr } = await project.cairnWith(
      { ...receiver.env, OTEL_BSP_SCHEDULE_DELAY: '200', CAIRN_STEP_WRITES: '.' },
      'up',
    )
    if (code !== 0) throw new Error(stderr)
    const running = project.start('--json', 'run', 'traced', '--on', 'local')
    const printed = text(running.stdout!)
    const ended = exit(running)
    await receiver.until(({ logs }) => logs.some(({ body }) => body === 'slow is at work'))
    const { services } = JSON.parse(project.read('.cairn/stack/running.json')) as { services: Record<string, string> }
    process.kill(Number(services['traced/slow']!.split('/')[1]), 'SIGKILL')
    await ended
    run = JSON.parse(await printed) as RunSummary
    await receiver.until(({ spans }) => spans.some(({ name }) => name === 'RUN traced'))
    await receiver.until(({ spans }) => orphansIn(spans).length === 0)
  })
  afterAll(async () => {
    await project.cairn('down')
    await receiver[Symbol.asyncDispose]()
  })

  const named = (name: string) => receiver.spans.filter((span) => span.name === name)
  const under = ({ spanId }: ReceivedSpan) => receiver.spans.filter(({ parentSpanId }) => parentSpanId === spanId)
  const service = ({ resource }: ReceivedSpan) => resource['service.name']

  it('is one trace through Kafka and all the services, without an orphan', () => {
    expect(run.status).toBe('completed')
    const ofRun = receiver.spans.filter(({ traceId }) => traceId === named('RUN traced')[0]!.traceId)
    expect(orphansIn(ofRun)).toEqual([])
    expect(new Set(ofRun.map(service))).toEqual(
      new Set(['control', 'traced-load', 'traced-double', 'traced-slow', 'traced-sum'].map((name) => `cairn-${name}`)),
    )
    const tasks = Object.groupBy(under(named('RUN traced')[0]!), ({ name }) => name)
    for (const [name, count] of Object.entries({ load: 1, slow: 1, sum: 1 }))
      expect(tasks[name], name).toHaveLength(count)
  })

  it('links the join to what it waited for, and each event to its sender in another process', () => {
    const ids = (...names: string[]) => names.flatMap(named).map(({ spanId }) => spanId)
    const needs = named('sum')[0]!.links.map(({ spanId }) => spanId)
    expect(needs.toSorted()).toEqual(ids('each-numbers', 'slow').toSorted())
    const heard = receiver.spans.find(({ name, links }) => name === 'process cairn.local.traced' && links.length > 0)!
    const sender = receiver.spans.find(({ spanId }) => spanId === heard.links[0]!.spanId)
    expect(sender).toMatchObject({ kind: 4, attributes: { 'messaging.system': 'kafka' } })
  })

  it('shows the attempt that was lost with the process, and the one that was made instead', () => {
    const attempts = named('compute').filter(({ resource }) => resource['service.name'] === 'cairn-traced-slow')
    expect(attempts.map(({ attributes }) => String(attributes['cairn.attempt.result'])).toSorted()).toEqual([
      'done',
      'lost',
    ])
  })

  it('has the same keys and bytes as one that nobody watches', async () => {
    const { steps } = await project.run('traced')
    const found = ({ key, outputs }: RunSummary['steps'][string]) => [key, outputs]
    for (const [name, step] of Object.entries(steps)) expect(found(run.steps[name]!), name).toEqual(found(step))
    expect(computed(run)).toContain('slow')
  })
})

async function text(stream: NodeJS.ReadableStream): Promise<string> {
  let all = ''
  for await (const part of stream) all += String(part)
  return all
}
