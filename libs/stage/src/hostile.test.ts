import fc from 'fast-check'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { each, list, pipeline, step, layout, readRecord, type EndRecord, type RunEnd } from '@cairn/kernel/runtime'
import { contractEvents } from '@cairn/drivers/events/hostile-events.fixture'
import { Int, openApps, type Apps } from './apps.fixture.ts'

const draw = step('draw', { outputs: { ns: list(Int) }, run: () => ({ ns: [1, 2, 3, 4, 5] }) })
const double = step('double', { inputs: { n: Int }, outputs: { n: Int }, run: ({ n }) => ({ n: n * 2 }) })
const total = step('total', {
  inputs: { ns: list(Int) },
  outputs: { n: Int },
  async run({ ns }) {
    let n = 0
    for await (const one of ns) n += one
    return { n }
  },
})
const report = step('report', { inputs: { n: Int }, outputs: { n: Int }, run: ({ n }) => ({ n: n + 1 }) })
const p = pipeline('p', () => {
  const { ns } = draw({})
  const { n } = each(ns, (n) => double({ n }), { batch: 2 })
  return report(total({ ns: n }))
})
const PLACES = { draw: 'draw', 'each-ns': undefined, double: 'double', total: 'total', report: 'report' }

let apps: Apps
beforeEach(() => (apps = openApps()))
afterEach(() => apps.close())

it('events that lie about runs change nothing of what becomes of them, and stop none', async () => {
  for (const one of [draw, double, total, report]) await apps.openStage(p, [one])
  const random = fc.sample(
    contractEvents({ env: 'test', pipeline: 'p', runs: ['run-1', 'run-2', 'run-3'], places: PLACES }),
    600,
  )
  for (let round = 0; round < 3; round++) {
    const before = random.splice(0, 100)
    await apps.bus.publish('cairn.test.p', before)
    await apps.start(p)
    await apps.bus.publish('cairn.test.p', random.splice(0, 100))
  }
  for (const run of ['run-1', 'run-2', 'run-3']) {
    const at = layout('test', 'p')
    // The event of a run's end may be a lie, too.
    await expect
      .poll(() => readRecord<RunEnd>(apps.store, at.runEnd(run)), { timeout: 30_000 })
      .toMatchObject({ status: 'completed' })
    const files = await apps.store.children(at.ends(run))
    expect(files.sort()).toEqual(['double@0', 'double@1', 'double@2', 'draw', 'each-ns', 'report', 'total'])
    const end = (await readRecord<EndRecord>(apps.store, at.end(run, 'report')))!
    expect(end.lanes).toMatchObject([{ status: 'completed', outputs: { n: { text: '31' } } }])
  }
})
