import { describe, expect, it } from 'vitest'
import { layout, queueLayout, RECORD_VERSION } from '@cairn/records'
import { ENV, World } from './run-queue.fixture.ts'
import { Reconciler } from './reconciler.ts'

const LOST_MS = 60_000
const HOUR_MS = 3_600_000

/** Reconciles runs in a world with a manual clock. */
function reconciling(world: World) {
  const helped: string[] = []
  const failed: unknown[] = []
  const queue = world.queue()
  const never = () => Promise.reject(new Error())
  const host = { ...world.host, prepare: async () => {}, plan: never, checkSettings: never }
  const reconciler = new Reconciler(host, { announce: async () => {} }, queue, {
    lostAfterMs: LOST_MS,
    onRepair: (run) => helped.push(run),
    onFailure: (_, error) => failed.push(error),
  })
  const sweep = async (later = LOST_MS + 1) => {
    world.clock.later += later
    await reconciler.sweep()
    expect(failed).toEqual([])
    return helped.splice(0)
  }
  return { queue, reconciler, sweep }
}

describe('the reconciler', () => {
  it('helps runs that have left the queue, and none that wait in it', async () => {
    const world = new World({ runs: 1 })
    await world.ask('a/1', 'a/2')
    const { queue, sweep } = reconciling(world)
    await queue.advance()
    await sweep()
    expect(await sweep()).toEqual(['1'])
    await world.end('a/1')
    await queue.advance()
    expect(await sweep(LOST_MS / 2)).toEqual([])
    expect(await sweep()).toEqual(['2'])
  })

  it('queues a run that has only a plan, and starts it only in its turn', async () => {
    const world = new World({ runs: 1 })
    await world.ask('a/1')
    const { queue, sweep } = reconciling(world)
    await queue.advance()
    await world.plan('a/2')
    await sweep()
    expect(world.all).toEqual(['a/1'])
    expect(await world.waits()).toEqual(['a/2'])
    await world.end('a/1')
    await queue.advance()
    expect(world.all).toEqual(['a/1', 'a/2'])
  })

  it('helps queued runs however many newer runs there are', async () => {
    const world = new World({ runs: 1 })
    await world.ask('a/1', 'a/2')
    const { queue, sweep } = reconciling(world)
    await queue.advance()
    const newer = Array.from({ length: 600 }, (_, at) => layout(ENV, 'a').runEnd(`9-${at}`))
    for (const path of newer) await world.store.create(path, Buffer.from('{}'))
    await sweep()
    expect(await sweep()).toEqual(['1'])
  })

  it.each([
    ['that it has seen', 2],
    ['from before it started', 600],
  ])('helps an open run %s however many newer runs there are', async (_, newerAtStart) => {
    const world = new World({})
    await world.plan('a/1')
    const { sweep } = reconciling(world)
    const newer = (from: number, until: number) =>
      Promise.all(
        Array.from({ length: until - from }, (_, at) =>
          world.store.create(layout(ENV, 'a').runEnd(`9-${from + at}`), Buffer.from('{}')),
        ),
      )
    await newer(0, newerAtStart)
    await sweep(0)
    await newer(newerAtStart, 1_200)
    expect(await sweep()).toEqual(['1'])
    expect(await sweep(2 * LOST_MS + 1)).toEqual(['1'])
    await world.end('a/1')
    expect(await sweep(10 * LOST_MS)).toEqual([])
  })

  it('helps a stalled run although the clock of its planner was an hour ahead', async () => {
    const world = new World({ runs: 1 })
    const { sweep } = reconciling(world)
    await world.plan('a/1', Date.now() + HOUR_MS)
    expect(await sweep(0)).toEqual([])
    expect(await sweep()).toEqual(['1'])
  })

  it('keeps its delay when its clock changes', async () => {
    const world = new World({ runs: 1 })
    const { sweep } = reconciling(world)
    await world.plan('a/1', Date.now())
    expect(await sweep(0)).toEqual([])
    world.clock.ahead = HOUR_MS
    expect(await sweep(0)).toEqual([])
    world.clock.ahead = -HOUR_MS
    expect(await sweep()).toEqual(['1'])
    world.clock.ahead = HOUR_MS
    expect(await sweep(LOST_MS)).toEqual([])
    expect(await sweep()).toEqual(['1'])
  })

  it('removes a cancelled run from the queue if the canceller could not', async () => {
    const world = new World({ runs: 1 })
    await world.ask('a/1', 'a/2')
    const { queue, sweep } = reconciling(world)
    await queue.advance()
    await world.end('a/2', 'cancelled')
    await sweep()
    expect(await world.waits()).toEqual([])
  })

  it('restores running runs in the queue if their record is lost', async () => {
    const world = new World({ runs: 2 })
    await world.ask('a/1', 'a/2')
    const { queue, sweep } = reconciling(world)
    await queue.advance()
    const { running } = queueLayout(ENV)
    await world.store.replace(running, await world.store.read(running), Buffer.from(`{"v":${RECORD_VERSION}`))
    await queue.advance()
    await sweep()
    await queue.advance()
    expect((await queue.view()).running.map(({ run }) => run).sort()).toEqual(['1', '2'])
  })

  it('checks repaired runs at once if notified, otherwise later', async () => {
    const world = new World({ runs: 1 })
    await world.ask('a/1')
    const { queue, reconciler, sweep } = reconciling(world)
    await queue.advance()
    await world.end('a/1')
    await queue.advance()
    await sweep()
    await world.store.remove(layout(ENV, 'a').runEnd('1'))
    expect([await sweep(), await sweep()]).toEqual([[], []])
    reconciler.forget('a')
    await sweep()
    await queue.advance()
    expect([...(await sweep()), ...(await sweep())]).toEqual(['1'])
    await world.end('a/1')
    await queue.advance()
    await sweep()
    await world.store.remove(layout(ENV, 'a').runEnd('1'))
    const helped: string[] = []
    for (let sweeps = 0; sweeps < 130; sweeps++) {
      helped.push(...(await sweep()))
      await queue.advance()
    }
    expect(helped).toContain('1')
  })
})
