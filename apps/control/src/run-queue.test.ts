import { CairnError } from '@cairn/kernel'
import { describe, expect, it } from 'vitest'
import { claim, layout, queueLayout } from '@cairn/records'
import { ENV, planOf, Requests, World } from './run-queue.fixture.ts'

/** More store requests than needed to plan four runs and to start those within the limit. */
const REQUESTS = 16

describe('runs in a queue', () => {
  it('start in the order of submission, up to the limit of the pipeline', async () => {
    const world = new World({ pipelines: { a: { runs: 2 } } })
    await world.ask('a/1', 'a/2', 'a/3', 'a/4')
    expect(await world.queue().advance()).toBe(true)
    expect(world.started).toEqual(['a/1', 'a/2'])
    await world.queue().advance()
    expect(world.started).toEqual(['a/1', 'a/2'])
    await world.end('a/2')
    await world.queue().advance()
    expect(world.started).toEqual(['a/1', 'a/2', 'a/3'])
    await world.end('a/1', 'failed')
    await world.end('a/3', 'cancelled')
    expect(await world.queue().advance()).toBe(false)
    expect(world.started).toEqual(['a/1', 'a/2', 'a/3', 'a/4'])
  })

  it('of pipelines with room overtake others, up to the limit of the environment', async () => {
    const world = new World({ runs: 3, pipelines: { a: { runs: 1 } } })
    await world.ask('a/1', 'a/2', 'b/1', 'c/1', 'b/2')
    await world.queue().advance()
    expect(world.started).toEqual(['a/1', 'b/1', 'c/1'])
    const view = await world.queue().view()
    expect(view.waitOf({ pipeline: 'a', run: '2' })).toEqual({
      place: 1,
      waiting: 1,
      limit: { of: 'pipeline', name: 'a', runs: 1 },
    })
    expect(view.waitOf({ pipeline: 'b', run: '2' })).toEqual({
      place: 2,
      waiting: 2,
      limit: { of: 'environment', name: ENV, runs: 3 },
    })
    await world.end('c/1')
    await world.queue().advance()
    expect(world.started).toEqual(['a/1', 'b/1', 'c/1', 'b/2'])
  })

  it('start at once without a limit, and all of them once the limit is removed', async () => {
    const world = new World({ environments: { other: { runs: 1 } }, pipelines: { a: { runs: 1 } } })
    expect(['a', 'b'].map((pipeline) => world.queue().isLimited(pipeline))).toEqual([true, false])
    await world.ask('a/1', 'a/2', 'a/3')
    await world.queue().advance()
    world.concurrency = {}
    expect(await world.queue().advance()).toBe(false)
    expect(world.all).toEqual(['a/1', 'a/2', 'a/3'])
  })

  it('do not start while the settings name a pipeline that does not exist, which would lift its limit', async () => {
    const world = new World({ pipelines: { a: { runs: 1 } } })
    const queue = world.queue()
    await world.ask('a/1', 'a/2')
    await queue.advance()
    expect(world.started).toEqual(['a/1'])

    world.concurrency = { pipelines: { misspelled: { runs: 1 } } }
    world.checkSettings = async () =>
      Promise.reject(new CairnError('BAD_DEFINITION', 'there is no pipeline misspelled'))
    for (let again = 0; again < 3; again++) expect(await queue.advance()).toBe(true)
    expect(await world.queue().advance()).toBe(true) // also after a restart of control
    expect(world.started).toEqual(['a/1'])
    expect(world.failures).toHaveLength(2) // once for each copy

    world.concurrency = { pipelines: { a: { runs: 2 } } }
    world.checkSettings = async () => {}
    await queue.advance()
    expect(world.started).toEqual(['a/1', 'a/2'])
  })

  it('of a pipeline that was removed from the project wait until it is back, and keep no others waiting', async () => {
    const world = new World({ runs: 1 })
    await world.ask('a/1', 'a/2', 'b/1', 'b/2')
    world.removed.add('a')
    const queue = world.queue()
    for (let again = 0; again < 3; again++) expect(await queue.advance()).toBe(true)
    expect(world.all).toEqual(['b/1'])
    const view = await queue.view()
    expect(view.waitOf({ pipeline: 'a', run: '2' })).toEqual({ place: 2, waiting: 2, isRemoved: true })
    expect(view.waitOf({ pipeline: 'b', run: '2' })).toMatchObject({ place: 1, waiting: 1 })
    expect(world.failures).toHaveLength(2) // once for each run

    await world.end('a/1', 'cancelled')
    await world.end('b/1')
    await queue.advance()
    expect(world.all).toEqual(['b/1', 'b/2'])
    expect(await world.waits()).toEqual(['a/2'])

    world.removed.clear()
    await world.end('b/2')
    await queue.advance()
    expect(world.all).toEqual(['b/1', 'b/2', 'a/2'])
    expect((await queue.view()).waiting).toEqual([])
  })

  it('that have ended leave the queue without being started', async () => {
    const world = new World({ runs: 1 })
    await world.ask('a/1', 'a/2', 'a/3')
    await world.queue().advance()
    await world.end('a/2', 'cancelled')
    await world.end('a/1')
    await world.queue().advance()
    expect(world.started).toEqual(['a/1', 'a/3'])
    expect(await world.waits()).toEqual([])
  })

  it.each(Array.from({ length: REQUESTS * 2 }, (_, at) => [at % 2 === 0 ? 'before' : 'after', (at >> 1) + 1] as const))(
    'each start, within the limit, if control dies %s its request %i',
    async (moment, at) => {
      const world = new World({ runs: 2, pipelines: { a: { runs: 1 } } })
      const names = ['a/1', 'a/2', 'b/1', 'b/2']
      const ended = new Set<string>()
      const doomed = new Requests({ at, after: moment === 'after' })
      const first = world.queue(doomed)
      for (const name of names)
        await first.start(await world.plan(name)).catch(() => world.queue().start(planOf(...split(name))))
      await first.advance()
      for (let round = 0; round < names.length + 1; round++) {
        await Promise.all([world.queue().advance(), world.queue().advance()])
        const open = world.all.filter((name) => !ended.has(name))
        expect(open.length).toBeLessThanOrEqual(2)
        expect(open.filter((name) => name.startsWith('a/')).length).toBeLessThanOrEqual(1)
        for (const name of open.slice(0, 1)) {
          ended.add(name)
          await world.end(name)
        }
      }
      expect(world.all.sort()).toEqual(names)
      expect(await world.waits()).toEqual([])
    },
  )

  it('are started within the limit by many copies of control at once', async () => {
    const world = new World({ runs: 3 })
    const names = Array.from({ length: 20 }, (_, at) => `p${at % 3}/${at}`)
    await world.ask(...names)
    const done = new Set<string>()
    while (done.size < names.length) {
      await Promise.all(Array.from({ length: 8 }, () => world.queue().advance()))
      const open = world.all.filter((name) => !done.has(name))
      expect(open.length).toBeLessThanOrEqual(3)
      for (const name of open) {
        done.add(name)
        await world.end(name)
      }
    }
    expect(world.all.sort()).toEqual(names.sort())
  })

  it('are not blocked by a run whose plan is damaged, foreign or missing, which is named', async () => {
    const world = new World({ runs: 1 })
    await world.ask('a/1', 'a/2', 'a/3', 'a/4')
    const at = layout(ENV, 'a')
    await world.store.remove(at.plan('1'))
    await world.store.remove(at.plan('2'))
    await world.store.create(at.plan('2'), Buffer.from('no JSON'))
    await world.store.remove(at.plan('3'))
    await claim(world.store, at.plan('3'), planOf('a', '3'))
    await world.store.create(`${queueLayout(ENV).waiting}../../a`, Buffer.from('{}'))
    const queue = world.queue()
    await queue.advance()
    await queue.advance()
    expect(world.started).toEqual(['a/4'])
    expect(world.failures).toEqual(['2', '3'].map((run) => queueLayout(ENV).ticket({ pipeline: 'a', run })))
  })

  it('start even if the record of running runs is damaged', async () => {
    const world = new World({ runs: 1 })
    await world.ask('a/1', 'a/2')
    await world.queue().advance()
    const path = queueLayout(ENV).running
    await world.store.replace(path, await world.store.read(path), Buffer.from('{"v":1,"runs":7}'))
    await world.queue().advance()
    expect(world.all).toEqual(['a/1', 'a/2'])
    expect((await world.queue().view()).running).toEqual([{ pipeline: 'a', run: '2' }])
  })

  it('read the running runs and the queue from the store, and not each waiting run', async () => {
    const world = new World({ runs: 4 })
    const counts: number[] = []
    for (const more of [10, 500]) {
      await world.ask(...Array.from({ length: more }, (_, at) => `a/${more}-${at}`))
      await world.queue().advance()
      const requests = new Requests()
      await world.queue(requests).advance()
      counts.push(requests.count)
    }
    // The record, the queue, and for each running run whether it has ended and exists.
    expect(counts).toEqual([10, 10])
  })
})

function split(name: string): [string, string] {
  return name.split('/') as [string, string]
}
