import { describe, expect, it } from 'vitest'
import { layout, queueLayout } from '@cairn/records'
import { ENV, Requests, World } from './run-queue.fixture.ts'

/** More store requests than needed to start four runs and to refuse another. */
const REQUESTS = 36

describe('a queue with a limit of waiting runs', () => {
  const refused = (of: string, most: number) => ({
    problem: {
      status: 429,
      code: 'TOO_MANY_REQUESTS',
      detail: `the queue of ${of} is full: at most ${most === 1 ? '1 run' : `${most} runs`} may wait`,
    },
    headers: { 'retry-after': expect.stringMatching(/^\d+$/) as string },
  })
  const plans = async (world: World, pipeline: string) =>
    (await world.store.children(layout(ENV, pipeline).runs)).length

  it('refuses one run too many of the pipeline or the environment, and leaves no trace of it', async () => {
    const world = new World({ runsPerPipeline: 1, waiting: 3, waitingPerPipeline: 2 })
    const { start, queue } = world.control()
    for (const name of ['a/1', 'a/2', 'a/3', 'b/1']) await start(name)
    await expect(start('a/4')).rejects.toMatchObject(refused('a', 2))
    for (const name of ['b/2', 'c/1']) await start(name) // c is below its limit and does not wait
    await expect(start('b/3')).rejects.toMatchObject(refused(`environment ${ENV}`, 3))
    await queue.advance()
    await expect(start('b/3')).rejects.toMatchObject(refused(`environment ${ENV}`, 3))
    await start('d/1')
    expect(await Promise.all(['a', 'b', 'c', 'd'].map((pipeline) => plans(world, pipeline)))).toEqual([3, 2, 1, 1])
    expect((await world.store.children(layout(ENV, 'b').submissions)).length).toBe(2)
  })

  it('accepts new runs once some have ended, and accepted runs again, however full it is', async () => {
    const world = new World({ runs: 1, waiting: 1 })
    const { start, queue } = world.control()
    const [first, second] = [await start('a/1'), await start('a/2')]
    await expect(start('a/3')).rejects.toMatchObject(refused(`environment ${ENV}`, 1))
    expect([await start('a/1'), await start('a/2')]).toEqual([first, second])
    await world.end(`a/${first}`)
    await queue.advance()
    await start('a/3')
    expect(await plans(world, 'a')).toBe(3)
  })

  it('refuses a pipeline with the name of the control topic', async () => {
    await expect(new World({ runs: 1 }).control().start('control/1')).rejects.toMatchObject({
      code: 'BAD_DEFINITION',
      next: 'give it another name',
    })
  })

  it('may allow no waiting: then a run starts at once, or is refused', async () => {
    const world = new World({ runs: 2, waiting: 0 })
    const { start, queue } = world.control()
    await start('a/1')
    await start('a/2')
    await expect(start('a/3')).rejects.toMatchObject(refused(`environment ${ENV}`, 0))
    await queue.advance()
    expect(world.all.length).toBe(2)
  })

  it('accepts another run as soon as the limit is raised', async () => {
    const world = new World({ runs: 1, waiting: 1 })
    const { start } = world.control()
    await start('a/1')
    await start('a/2')
    await expect(start('a/3')).rejects.toMatchObject(refused(`environment ${ENV}`, 1))
    world.concurrency = { runs: 1, waiting: 2 }
    await start('a/3')
    await expect(start('a/4')).rejects.toMatchObject(refused(`environment ${ENV}`, 2))
  })

  it('holds for runs that are submitted at the same time', async () => {
    const world = new World({ runs: 2, waiting: 5 })
    const { start } = world.control()
    const names = Array.from({ length: 30 }, (_, at) => `a/${at}`)
    const told = await Promise.allSettled(names.map(start))
    expect(told.filter(({ status }) => status === 'fulfilled').length).toBe(await plans(world, 'a'))
    expect(await plans(world, 'a')).toBe(7)
  })

  it.each(Array.from({ length: REQUESTS * 2 }, (_, at) => [at % 2 === 0 ? 'before' : 'after', (at >> 1) + 1] as const))(
    'exceeds no limit and loses no run if control dies %s its request %i',
    async (moment, at) => {
      const world = new World({ runs: 1, waiting: 2 })
      const doomed = world.control(new Requests({ at, after: moment === 'after' }))
      const other = world.control()
      const runs = new Map<string, string>()
      for (const name of ['a/1', 'a/2', 'a/3']) {
        // Like a client whose connection broke: the same request again.
        const run = await doomed.start(name).catch(() => other.start(name))
        runs.set(name, run)
      }
      await expect(doomed.start('a/4').catch(() => other.start('a/4'))).rejects.toMatchObject(
        refused(`environment ${ENV}`, 2),
      )
      expect(await plans(world, 'a')).toBe(3)
      for (const [name, run] of runs) expect(await other.start(name)).toBe(run)
      for (let round = 0; round < 4; round++) {
        await other.queue.advance()
        for (const name of world.all) await world.end(name)
      }
      expect(world.all.sort()).toEqual([...runs.values()].map((run) => `a/${run}`).sort())
      expect(await world.store.children(queueLayout(ENV).waiting)).toEqual([])
    },
  )
})
