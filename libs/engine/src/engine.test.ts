import { describe, expect, it } from 'vitest'
import { json } from '../simulation/pipelines.ts'
import { each, list, pipeline, step } from '@cairn/kernel'
import { Engine } from './engine.ts'
import { claim, endEvent, runEvent, type CairnEvent, type Compute } from '@cairn/records'
import { cancel, claimRunEnd, publishStart, submit } from './submit.ts'
import { Example, itemsIn, valueOf } from './example.fixture.ts'

const Int = json<number>()
const read = step('read', { outputs: { numbers: list(Int) }, run: () => ({ numbers: [3, 1, 2] }) })
const square = step('square', { inputs: { n: Int }, outputs: { n: Int }, run: ({ n }) => ({ n: n * n }) })
const sum = step('sum', {
  inputs: { all: list(Int) },
  outputs: { total: Int },
  run: async ({ all }) => ({ total: (await all.all()).reduce((a, b) => a + b, 0) }),
})
const report = step('report', { inputs: { total: Int }, outputs: { total: Int }, run: ({ total }) => ({ total }) })

/** read -> square of each number, two numbers a batch -> sum -> report */
const squares = pipeline('squares', () => {
  const { n } = each(read({}).numbers, (n) => square({ n }), { batch: 2, as: 'squared' })
  return report(sum({ all: n }))
})

/** A step that is never reused. */
const dice = pipeline('dice', () => step('throw', { cache: 'never', outputs: { n: Int }, run: () => ({ n: 4 }) })({}))

/** A step that fails, and one behind it. */
const divide = step('divide', {
  outputs: { n: Int },
  run: () => {
    throw new Error('by zero')
  },
})
const broken = pipeline('broken', () => report({ total: divide({}).n }))

describe('an engine', () => {
  it('handles a run from its start event to the record of its end', async () => {
    const example = new Example(squares)
    await submit(example.host(), await example.plan())
    expect(example.published.map(({ id }) => id)).toEqual(['run/run-started'])
    await example.deliver(new Engine(example.host()))

    const ends = await example.ends()
    expect(Object.keys(ends)).toEqual(['read', 'report', 'square/0', 'square/1', 'squared', 'sum'])
    expect(itemsIn(ends['squared'], 'n')).toEqual([9, 1, 4])
    expect(valueOf(ends['report'], 'total')).toBe(14)
    expect(await example.runEnd()).toMatchObject({ status: 'completed', host: 'host' })
    const types = ['completed', 'ready', 'run-ended']
    const ids = example.published.map(({ id }) => id).filter((id) => types.some((type) => id.endsWith(type)))
    expect(ids).toEqual([
      'run/read/completed',
      'run/square/0/ready',
      'run/square/1/ready',
      'run/square/0/completed',
      'run/square/1/completed',
      'run/squared/completed',
      'run/sum/completed',
      'run/report/completed',
      'run/run-ended',
    ])
  })

  it('announces an end only once its record is in the store', async () => {
    const example = new Example(squares)
    const early: string[] = []
    const bus = {
      ...example.bus,
      publish: (topic: string, events: Parameters<typeof example.bus.publish>[1]) => {
        for (const { id, data, type } of events) {
          const task = [data.node, data.batch].filter(Boolean).join('/')
          if (type === 'cairn.completed' && !example.files.has(example.at.end('run', task))) early.push(id)
          if (type === 'cairn.run-ended' && !example.files.has(example.at.runEnd('run'))) early.push(id)
        }
        return example.bus.publish(topic, events)
      },
    }
    await submit(example.host(), await example.plan())
    await example.deliver(new Engine(example.host('host', { bus })))
    expect(await example.runEnd()).toMatchObject({ status: 'completed' })
    expect(early).toEqual([])
  })

  it('computes nothing again if all events are delivered a second time, in another order', async () => {
    const example = new Example(squares)
    await submit(example.host(), await example.plan())
    const engine = new Engine(example.host())
    await example.deliver(engine)
    const [calls, records] = [example.calls.length, [...example.files.keys()]]
    await example.bus.publish('', [...example.published].reverse())
    await example.deliver(engine, new Engine(example.host('one that knows nothing')))
    expect(example.calls).toHaveLength(calls)
    expect([...example.files.keys()]).toEqual(records)
  })

  it('continues from the records of an engine that died', async () => {
    const example = new Example(squares)
    const plan = await example.plan()
    await submit(example.host(), plan)
    await example.settle(new Engine(example.host('first')).handle(runEvent(plan, 'run-started', 0)))
    expect(Object.keys(await example.ends())).toEqual(['read'])

    await example.deliver(new Engine(example.host('second')))
    expect(await example.runEnd()).toMatchObject({ status: 'completed', host: 'second' })
    expect(example.calls.filter(({ step }) => step === 'read')).toMatchObject([{ host: 'first' }])
  })

  it('leaves an event to the next engine if it could not publish the result, which publishes it without computing', async () => {
    const example = new Example(dice)
    const plan = await example.plan()
    await submit(example.host(), plan)
    const mute = { ...example.bus, publish: () => Promise.reject(new Error('the bus is away')) }
    const started = runEvent(plan, 'run-started', 0)
    const first = new Engine(example.host('first', { bus: mute }))
    await expect(example.settle(first.handle(started))).rejects.toThrow('the bus is away')
    expect(Object.keys(await example.ends())).toEqual(['throw'])

    await example.deliver(new Engine(example.host('second')))
    expect(example.published.map(({ id }) => id)).toContain('run/throw/completed')
    expect(example.calls).toMatchObject([{ host: 'first' }])
  })

  it('shares a run with engines of other steps, each of which computes only its own', async () => {
    const example = new Example(squares)
    await submit(example.host(), await example.plan())
    const engines = ['read', 'square', 'sum', 'report'].map(
      (name) => new Engine(example.host(`host of ${name}`, { steps: new Set([name]) })),
    )
    await example.deliver(...engines)
    expect(await example.runEnd()).toMatchObject({ status: 'completed' })
    expect(example.calls).toHaveLength(6)
    for (const { host, step } of example.calls) expect(host).toBe(`host of ${step}`)
  })

  it('blocks the steps after a failed step, and the run ends as failed', async () => {
    const example = new Example(broken)
    await submit(example.host(), await example.plan())
    await example.deliver(new Engine(example.host()))
    const { divide, report } = await example.ends()
    expect(divide).toMatchObject({ status: 'failed', items: [{ error: { message: 'by zero' } }] })
    expect(report).toMatchObject({ status: 'blocked', items: [{ because: 'divide' }], attempts: 0 })
    expect(await example.runEnd()).toMatchObject({ status: 'failed' })
  })

  it('ends the unfinished tasks of a cancelled run, and keeps the finished ones', async () => {
    const example = new Example(squares)
    const plan = await example.plan()
    await submit(example.host(), plan)
    const host = example.host()
    const engine = new Engine(host)
    await example.settle(engine.handle(runEvent(plan, 'run-started', 0)))
    await cancel(host, plan, 'run')
    await example.deliver(engine)

    const statuses = Object.entries(await example.ends()).map(([task, { status }]) => `${task} ${status}`)
    expect(statuses).toContain('read completed')
    expect(statuses).toContain('report cancelled')
    expect(await example.runEnd()).toMatchObject({ status: 'cancelled' })
    expect(example.calls.map(({ step }) => step)).toEqual(['read'])
  })

  it('runs nothing of a run that was cancelled while queued, even if its start is delivered late', async () => {
    const example = new Example(squares)
    const engine = new Engine(example.host())
    await example.settle(example.clock.sleep(10_000))
    const plan = { ...(await example.plan()), queued: true as const }
    await claim(example.store, example.at.plan(plan.run), plan)
    await claimRunEnd(example.host(), plan, 'cancelled')
    await publishStart(example.host(), plan)
    await example.deliver(engine)
    expect(example.calls).toEqual([])
    expect(await example.runEnd()).toMatchObject({ status: 'cancelled' })
  })

  it('stops a running body if its run is cancelled', async () => {
    const example = new Example(squares)
    const plan = await example.plan()
    await submit(example.host(), plan)
    const begun = Promise.withResolvers<void>()
    const lasting: Compute = {
      async *run(_, signal) {
        begun.resolve()
        await new Promise((_, stop) => signal.addEventListener('abort', () => stop(signal.reason)))
        yield expect.unreachable()
      },
    }
    const engine = new Engine(example.host('host', { compute: lasting }))
    const handled = engine.handle(runEvent(plan, 'run-started', 0))
    await example.settle(begun.promise)
    engine.abort('run')
    await example.settle(handled)
    expect(await example.ends()).toMatchObject({ read: { status: 'cancelled' } })
  })

  it('refuses an event of a run that has no plan', async () => {
    const example = new Example(squares)
    const event = runEvent(await example.plan('never submitted'), 'run-started', 0)
    await expect(example.settle(new Engine(example.host()).handle(event))).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: 'run never submitted of squares has no plan in test',
    })
  })

  it('skips events of runs that a collection removed, and no later ones', async () => {
    const example = new Example(squares)
    const plan = await example.plan('removed')
    await claim(example.store, example.at.collected, { v: 1, host: 'control', removedUntil: 1000 })
    const engine = new Engine(example.host())
    await example.settle(engine.handle(runEvent(plan, 'run-started', 999)))
    expect(example.published).toEqual([])
    await expect(example.settle(engine.handle(runEvent(plan, 'run-started', 1000)))).rejects.toMatchObject({
      code: 'NOT_FOUND',
    })
  })

  it('misses no end that arrives while a run is started again', async () => {
    const example = new Example(squares)
    const reading = Promise.withResolvers<void>()
    let isHeld = false
    const store = {
      ...example.store,
      async read(path: string) {
        if (isHeld && path === example.at.end('run', 'read')) await reading.promise
        return example.store.read(path)
      },
    }
    const first = new Engine(example.host('first', { steps: new Set(['read', 'square', 'sum']) }))
    const last = new Engine(example.host('last', { steps: new Set(['report']), store }))
    await example.settle(example.clock.sleep(10_000))
    const plan = await example.plan()
    const started = runEvent(plan, 'run-started', plan.createdAt)
    await claim(store, example.at.plan('run'), plan)
    await last.handle(started)
    await example.settle(first.handle(started))
    isHeld = true
    const handling = last.handle(example.published.find(({ id }) => id === 'run/read/completed')!)
    // A false event makes it forget what it knows of the run, and then the run is started again.
    await expect(last.handle(runEvent(plan, 'run-cancelled', 0))).rejects.toMatchObject({ code: 'NOT_FOUND' })
    isHeld = false
    await last.handle(started)
    reading.resolve()
    await handling
    await example.deliver(first, deafTo('run/read/completed', last))
    expect(await example.runEnd()).toMatchObject({ status: 'completed', host: 'last' })
  })

  it('misses no end of a run that it considered new, even if tasks ended before', async () => {
    const example = new Example(squares)
    const hosts = [
      new Engine(example.host('first', { steps: new Set(['read', 'square', 'sum']) })),
      new Engine(example.host('last', { steps: new Set(['report']) })),
    ]
    await example.settle(example.clock.sleep(10_000))
    await submit(example.host(), await example.plan())
    await example.deliver(hosts[0]!, deafTo('run/read/completed', hosts[1]!))
    expect(await example.runEnd()).toMatchObject({ status: 'completed', host: 'last' })
  })

  it('opens an each by the record of its list, whatever an event claims of that list', async () => {
    for (const type of ['completed', 'failed', 'blocked', 'skipped'] as const) {
      const example = new Example(squares)
      const first = new Engine(example.host('first', { steps: new Set(['read']) }))
      const rest = new Engine(example.host('rest', { steps: new Set(['square', 'sum', 'report']) }))
      const plan = await example.plan()
      await submit(example.host(), plan)
      await rest.handle(example.published[0]!)
      await example.settle(first.handle(example.published[0]!))
      const claimed = { ...endEvent(plan, 'read', (await example.ends())['read']!), type: `cairn.${type}` as const }
      const lie = { ...claimed, data: { ...claimed.data, counts: {} } }
      const answer = await example.settle(rest.handle(lie)).catch((error: Error) => error.message)
      if (type === 'completed') expect(answer).toBeUndefined()
      else
        expect(answer).toMatch(/^read of run run ended as completed at \S+Z, but an event reports cairn\.\S+ at \S+Z$/)
      await example.deliver(first, rest)
      const ends = await example.ends()
      expect(itemsIn(ends['squared'], 'n'), type).toEqual([9, 1, 4])
      expect(valueOf(ends['report'], 'total')).toBe(14)
      expect(await example.runEnd()).toMatchObject({ status: 'completed' })
    }
  })
})

/** An engine that one event does not reach. */
function deafTo(missed: string, engine: Engine): Engine {
  return { handle: async (event: CairnEvent) => (event.id === missed ? undefined : engine.handle(event)) } as Engine
}
