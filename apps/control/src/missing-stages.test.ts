import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { claim, layout, RECORD_VERSION, type EndRecord, type Plan } from '@cairn/records'
import { MissingStages } from './missing-stages.ts'
import { ENV, planOf, World } from './run-queue.fixture.ts'
import { PlanSigning } from './plan-signing.ts'

const planSigning = new PlanSigning({ name: 'control', key: generateKeyPairSync('ed25519').privateKey })
const code = { fingerprint: 'f'.repeat(64), digest: 'd'.repeat(64), packages: 'p'.repeat(64) }
const end: EndRecord = {
  v: RECORD_VERSION,
  status: 'completed',
  items: [{ status: 'completed', how: 'computed', key: 'k'.repeat(64), outputs: {} }],
  counts: {},
  attempts: 1,
  startedAt: 1,
  endedAt: 2,
  host: 'a',
}

/** Two steps, one behind the other. */
function chain(pipeline: string, run: string): Plan {
  const step = { code, source: false, outputs: { n: { kind: 'json', version: 1, schema: {} } } }
  const node = { type: 'step', scope: [], guards: [], params: {} }
  const { queued: _, ...plan } = planOf(pipeline, run)
  return {
    ...plan,
    steps: { load: step, sum: step },
    nodes: {
      load: { ...node, step: 'load', inputs: {} },
      sum: { ...node, step: 'sum', inputs: { n: { node: 'load', output: 'n' } } },
    },
  } as unknown as Plan
}

/** Runs by their records, and the number of members of each step's group, as in Kafka. */
class Runs {
  readonly world = new World({})
  readonly members = new Map<string, number>()
  readonly asked: (readonly string[])[] = []
  readonly over = new Set<string>()

  async add(pipeline: string, run: string, plan: Plan = planSigning.sign(chain(pipeline, run))): Promise<Plan> {
    return claim(this.world.store, layout(ENV, pipeline).plan(run), plan)
  }
  async ended(pipeline: string, run: string, task: string): Promise<void> {
    await claim(this.world.store, layout(ENV, pipeline).end(run, task), end)
  }
  get missing(): MissingStages {
    const bus = {
      members: async (groups: readonly string[]) => {
        this.asked.push(groups)
        return this.members
      },
    }
    const isOver = (_: string, run: string) => this.over.has(run)
    const { store } = this.world
    const queue = this.world.queue()
    return new MissingStages({ env: ENV, store, bus, planSigning, queue, isOver, openRuns: () => [] })
  }
}
const group = (step: string) => `cairn.${ENV}.shop.${step}`

describe('the list of steps without a running stage', () => {
  it('has the steps that runs wait for now, with these runs, newest first', async () => {
    const runs = new Runs()
    await runs.add('shop', '1-old')
    await runs.add('shop', '2-new')
    await runs.add('shop', '3-later')
    await runs.ended('shop', '3-later', 'load')
    expect(await runs.missing.of(['shop'])).toEqual([
      { pipeline: 'shop', step: 'sum', runs: ['3-later'] },
      { pipeline: 'shop', step: 'load', runs: ['2-new', '1-old'] },
    ])
    expect(runs.asked.map((groups) => groups.toSorted())).toEqual([[group('load'), group('sum')]])
  })

  it('is empty if every step has a stage, without reading task records', async () => {
    const runs = new Runs()
    const plan = await runs.add('shop', '1')
    runs.members.set(group('load'), 1).set(group('sum'), 2)
    const { store } = runs.world
    const ends: string[] = []
    const missing = new MissingStages({
      env: ENV,
      store: { ...store, children: async (path) => (ends.push(path), store.children(path)) },
      bus: { members: async () => runs.members },
      planSigning,
      queue: runs.world.queue(),
      isOver: () => false,
      openRuns: () => [],
    })
    expect(await missing.ofRun(plan)).toEqual([])
    expect(ends).toEqual([])
    runs.members.set(group('load'), 0)
    expect(await missing.ofRun(plan)).toEqual(['load'])
    expect(ends).toEqual([layout(ENV, 'shop').ends('1')])
  })

  it('leaves out steps that only later tasks need, because a stage may start by then', async () => {
    const runs = new Runs()
    const plan = await runs.add('shop', '1')
    runs.members.set(group('load'), 1)
    expect(await runs.missing.ofRun(plan)).toEqual([])
    await runs.ended('shop', '1', 'load')
    expect(await runs.missing.ofRun(plan)).toEqual(['sum'])
  })

  it('leaves out runs that have ended, were not planned here, are damaged, or are queued', async () => {
    const runs = new Runs()
    await runs.add('shop', '1-ended')
    await runs.world.end('shop/1-ended')
    await runs.add('shop', '2-over')
    runs.over.add('2-over')
    await runs.add('shop', '3-unsigned', chain('shop', '3-unsigned'))
    await runs.world.store.create(layout(ENV, 'shop').plan('4-damaged'), Buffer.from('{"v":1'))
    expect(await runs.missing.of(['shop'])).toEqual([])
    expect(runs.asked).toEqual([])
    await runs.add('shop', '0-waits')
    const waits = [{ pipeline: 'shop', step: 'load', runs: ['0-waits'] }]
    expect(await runs.missing.of(['shop'])).toEqual(waits)
    await runs.world.end('shop/0-waits')
    runs.world.concurrency = { pipelines: { shop: { runs: 1 } } }
    const queued = await runs.add('shop', '5-queued', planSigning.sign({ ...chain('shop', '5-queued'), queued: true }))
    await runs.world.queue().start(queued)
    expect(await runs.missing.of(['shop'])).toEqual([])
    expect(await runs.missing.ofRun(queued)).toEqual([])
  })
})
