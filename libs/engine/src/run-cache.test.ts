import { describe, expect, it } from 'vitest'
import { directStore } from '../simulation/direct-store.ts'
import type { RunContext, RetainedRun } from './run-context.ts'
import { each, list, pipeline, step } from '@cairn/kernel'
import { json } from '../simulation/pipelines.ts'
import { namedCode } from '../simulation/named-code.ts'
import { simulatedCompute } from '../simulation/ports.ts'
import { World } from '../simulation/world.ts'
import { makePlan } from '@cairn/planner'
import { Engine } from './engine.ts'
import { submit } from './submit.ts'
import type { CairnEvent } from '@cairn/records'
import { RunCache } from './run-cache.ts'

describe('the runs that a process knows', () => {
  const noWork = async () => {}
  const made: string[] = []
  const make =
    (name: string, isDone = false) =>
    async (kept: RetainedRun) => {
      made.push(name)
      return { ...kept, plan: { createdAt: 1 }, state: { isDone } } as unknown as RunContext
    }
  const madeBy = async (work: () => Promise<void>) => {
    made.length = 0
    await work()
    return [...made]
  }

  it('are created once, and again only after eviction', async () => {
    const runs = new RunCache(2)
    const use = (name: string) => runs.use(name, make(name), noWork)
    expect(
      await madeBy(async () => {
        for (const name of ['a', 'b', 'a', 'c', 'a', 'b']) await use(name)
      }),
    ).toEqual(['a', 'b', 'c', 'b'])
    expect(runs.size).toBe(2)
  })

  it('are not evicted while in use, however many there are', async () => {
    const runs = new RunCache(1)
    const goOn = Promise.withResolvers<void>()
    const names = ['a', 'b', 'c']
    const working = names.map((name) => runs.use(name, make(name), () => goOn.promise))
    expect(runs.size).toBe(3)
    expect(await madeBy(() => runs.use('a', make('a'), noWork))).toEqual([])
    goOn.resolve()
    await Promise.all(working)
    expect(runs.size).toBe(1)
  })

  it('are forgotten when they have ended, but not what was announced of them', async () => {
    const runs = new RunCache()
    await runs.use('a', make('a', true), async ({ announced }) => void announced.add('task'))
    expect(runs.size).toBe(0)
    await runs.use('a', make('a', true), async ({ announced }) => expect([...announced]).toEqual(['task']))
  })

  it('are created again after a failure, or when they are to be forgotten', async () => {
    const runs = new RunCache()
    await expect(runs.use('a', () => Promise.reject(new Error('away')), noWork)).rejects.toThrow('away')
    expect(runs.size).toBe(0)
    expect(await madeBy(() => runs.use('a', make('a'), noWork))).toEqual(['a'])
    runs.forget()
    expect(await madeBy(() => runs.use('a', make('a'), noWork))).toEqual(['a'])
  })

  it('keep work in progress, even if its event was given up and they are to be forgotten', async () => {
    const runs = new RunCache(0)
    const atWork = Promise.withResolvers<void>()
    const giveUp = runs.use('a', make('a'), async ({ busy }) => {
      busy.set('task', atWork.promise)
      throw new Error('another task of the event failed')
    })
    await expect(giveUp).rejects.toThrow('another task')
    runs.forget()
    await runs.use('a', make('a'), async ({ busy }) => expect([...busy.keys()]).toEqual(['task']))
    expect(runs.size).toBe(1)
  })

  it('receive their cancellation', async () => {
    const runs = new RunCache()
    await runs.use('a', make('a'), async ({ cancel }: RunContext & { cancel?: AbortController }) => {
      runs.abort('a', new Error('no more'))
      expect(cancel?.signal.aborted).toBe(true)
    })
  })
})

const Int = json<number>()
const steps = [
  step('pages', {
    outputs: { pages: list(Int) },
    run: () => ({ pages: Array.from({ length: 12 }, (_, page) => page) }),
  }),
  step('score', { inputs: { page: Int }, outputs: { n: Int }, run: ({ page }) => ({ n: page * page }) }),
  step('sum', {
    inputs: { all: list(Int) },
    outputs: { n: Int },
    run: async ({ all }) => ({ n: (await all.all()).length }),
  }),
  step('report', { inputs: { n: Int }, outputs: { n: Int }, run: ({ n }) => ({ n }) }),
] as const
const [pages, score, sum, report] = steps
const scored = pipeline('scored', () => {
  const { n } = each(pages({}).pages, (page) => score({ page }), { batch: 1 })
  return report(sum({ all: n }))
})

/** Three hosts, of which the first owns no run's end, on a bus that hands over each event at once to all. */
async function hosts() {
  const files = new Map<string, Uint8Array>()
  const store = directStore(files)
  const world = new World(1, 0)
  const received: CairnEvent[] = []
  const queue: CairnEvent[] = []
  const bus = {
    publish: async (_: string, events: readonly CairnEvent[]) => void (queue.push(...events), received.push(...events)),
    subscribe: () => Promise.reject(new Error()),
  }
  const reads = new Map<string, number>()
  const engines = [['pages', 'score'], ['sum'], ['report']].map((names) => {
    const name = names.join()
    const counted = {
      ...store,
      children: (folder: string) => (reads.set(name, (reads.get(name) ?? 0) + 1), store.children(folder)),
    }
    const known = new Map(steps.map((each) => [each.name, each]))
    return new Engine({
      store: counted,
      bus,
      clock: world.clock,
      compute: simulatedCompute(world, { name, alive: true }, known, new Map()),
      name,
      hasSuccessor: true,
      steps: new Set(names),
    })
  })
  const settle = async () => {
    for (let event = queue.shift(); event; event = queue.shift()) {
      let pending = true
      const handled = Promise.all(engines.map((engine) => engine.handle(event!))).finally(() => (pending = false))
      while (pending) if (!(await world.step())) await new Promise(setImmediate)
      await handled
    }
  }
  const planner = { store, clock: world.clock, closures: namedCode, root: '', secrets: () => undefined }
  const run = async (name: string) => {
    const remember = () => Promise.reject(new Error())
    await submit(
      { store, bus, clock: world.clock },
      await makePlan({ ...planner, remember }, scored, { run: name, env: 'test' }),
    )
    await settle()
  }
  return { engines, received, queue, reads, run, settle }
}

describe('hosts of some of the steps', () => {
  it('forget ended runs, whether or not they wrote the end', async () => {
    const { engines, received, run } = await hosts()
    for (let count = 0; count < 5; count++) await run(`run-${count}`)
    expect(received.filter(({ type }) => type === 'cairn.run-ended')).toHaveLength(5)
    expect(engines.map((engine) => engine.cachedRuns)).toEqual([0, 0, 0])
  })

  it('announce each end at most once more if events of an ended run are redelivered', async () => {
    const { received, queue, run, settle } = await hosts()
    await run('run')
    const all = received.splice(0)
    queue.push(...all)
    await settle()
    const endings = new Set(all.map(({ id }) => id)).size
    expect(received.length).toBeLessThanOrEqual(endings)
  })

  it('do not read a run for batches of other hosts', async () => {
    const { engines, received, reads, run } = await hosts()
    await run('run')
    reads.clear()
    const ready = received.find(({ type }) => type === 'cairn.ready')!
    for (const engine of engines.slice(1)) await engine.handle(ready)
    expect([...reads]).toEqual([])
  })
})
