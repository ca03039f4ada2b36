import { hash } from 'node:crypto'
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
      {
        ...receiver.env,
        OTEL_BSP_SCHEDULE_DELAY: '200',
        OTEL_METRIC_EXPORT_INTERVAL: '500',
        OTEL_METRIC_EXPORT_TIMEOUT: '500',
        CAIRN_STEP_WRITES: '.',
      },
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
    // Each service sends its spans in its own time.
    await receiver.until(({ spans }) => {
      const haveAll =
        ['load', 'double', 'sum'].every((step) => attemptsOf(step).length > 0) && attemptsOf('slow').length > 1
      return named('RUN traced').length > 0 && orphansIn(spans).length === 0 && haveAll
    })
  })
  afterAll(async () => {
    await project.cairn('down')
    await receiver[Symbol.asyncDispose]()
  })

  const named = (name: string) => receiver.spans.filter((span) => span.name === name)
  const under = ({ spanId }: ReceivedSpan) => receiver.spans.filter(({ parentSpanId }) => parentSpanId === spanId)
  const attemptsOf = (step: string) =>
    named('compute').filter(({ resource }) => resource['service.name'] === `cairn-traced-${step}`)
  const service = ({ resource }: ReceivedSpan) => resource['service.name']

  it('is one trace through Kafka and all services, without orphaned spans', () => {
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
    const received = receiver.spans.find(
      ({ name, links }) => name === 'process cairn.local.traced' && links.length > 0,
    )!
    const sender = receiver.spans.find(({ spanId }) => spanId === received.links[0]!.spanId)
    expect(sender).toMatchObject({ kind: 4, attributes: { 'messaging.system': 'kafka' } })
  })

  it('shows the attempt that was lost with the process, and the one that replaced it', () => {
    expect(
      attemptsOf('slow')
        .map(({ attributes }) => String(attributes['cairn.attempt.result']))
        .toSorted(),
    ).toEqual(['done', 'lost'])
  })

  it('has the same keys and bytes as an untraced run', async () => {
    const { steps } = await project.run('traced')
    const found = ({ key, outputs }: RunSummary['steps'][string]) => [key, outputs]
    for (const [name, step] of Object.entries(steps)) expect(found(run.steps[name]!), name).toEqual(found(step))
    expect(computed(run)).toContain('slow')
  })

  it('is removed by a collection once it is no longer kept; the collection is counted', async () => {
    const again = await project.run('traced', '--on', 'local')
    const cairn = async (...args: string[]) => {
      const { code, stdout, stderr } = await project.cairn('--json', ...args)
      return { code, read: JSON.parse(stdout || stderr) as any }
    }
    const retain = (retention: object) => {
      const cairn = { pipelines: ['*.pipeline.ts'], retention }
      project.write({ 'package.json': JSON.stringify({ type: 'module', cairn }) })
    }
    retain({ pipelines: { traced: { keepRuns: 1, keep: 'never' } } })
    const refused = await cairn('gc', '--on', 'local')
    expect(refused.code).toBe(1)
    expect(refused.read.error.message).toMatch(
      /package\.json: "keep" of "retention" of "cairn", pipelines, traced must be a duration/,
    )
    retain({ keepRuns: 50, pipelines: { traced: { keepRuns: 1, keep: '1ms' } } })
    const runs = async () => (await cairn('runs', 'traced', '--on', 'local')).read.map(({ run }: RunSummary) => run)
    const dry = await cairn('gc', '--on', 'local', '--dry-run')
    expect(dry).toMatchObject({ code: 0, read: { dryRun: true, pipelines: { traced: { runs: [run.run] } } } })
    expect(await runs()).toEqual([again.run, run.run])

    const { control, env } = JSON.parse(project.read('.cairn/contexts/local.json')) as Context
    const context = { env, control: { ...control, token: 'of-who-may-all-but-collect' } }
    project.write({ '.cairn/contexts/other.json': JSON.stringify(context) })
    const rights = ['read', 'run', 'cancel', 'replay', 'adopt', 'promote']
    const tokens = JSON.parse(project.read('.cairn/stack/tokens.json')) as object[]
    const other = { name: 'other', sha256: hash('sha256', context.control.token), pipelines: ['*'], rights }
    project.write({ '.cairn/stack/tokens.json': JSON.stringify([...tokens, other]) })
    await expect.poll(async () => (await cairn('runs', '--on', 'other')).code).toBe(0)
    for (const args of [['gc'], ['gc', '--dry-run'], ['doctor'], ['doctor', '--repair']])
      expect(await cairn(...args, '--on', 'other'), args.join(' ')).toMatchObject({
        code: 1,
        read: { error: { code: 'NOT_ALLOWED', message: 'the token of other lacks the right "collect" for traced' } },
      })
    expect(await runs()).toEqual([again.run, run.run])

    const collected = await project.cairn('gc', '--on', 'local')
    expect(collected.stdout).toMatch(/^traced +1 /m)
    expect(collected.stdout).toContain('traced  keeps 1 run and everything younger than')
    expect(await runs()).toEqual([again.run])
    const counted = (name: string) => receiver.metrics.find((metric) => metric.name === name)?.sum
    await receiver.until(() => counted('cairn.gc.collections') === 1)
    expect([counted('cairn.gc.runs'), counted('cairn.gc.freed')]).toEqual([1, 0])
    expect(computed(await project.run('traced', '--on', 'local'))).toEqual([])
  })
})

interface Context {
  readonly env: string
  readonly control: { readonly url: string; readonly token: string }
}

async function text(stream: NodeJS.ReadableStream): Promise<string> {
  let all = ''
  for await (const part of stream) all += String(part)
  return all
}
