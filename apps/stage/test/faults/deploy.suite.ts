import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { Case } from './cases.fixture.ts'
import { STEPS, type World } from './world.fixture.ts'

export function deploy(theWorld: Case): void {
  it('loses no event and repeats no task while members join and leave under load', async () => {
    const world = theWorld()
    const extra = []
    const runs: string[] = []
    for (let change = 0; change < 6; change++) {
      for (let count = 0; count < 2; count++) runs.push(await world.submit(world.fresh({ scoreMs: 300 })))
      const step = change % 2 === 0 ? 'score' : 'total'
      extra.push(await world.startStage(step))
      if (extra.length > 1) await world.stop(extra.shift()!, change % 3 === 0 ? 'SIGKILL' : 'SIGTERM')
    }
    expect(new Set(Object.values(await world.untilEnded(runs)))).toEqual(new Set(['completed']))
    for (const replica of extra) await world.stop(replica)
  })

  it('leaves no consumer group of killed processes that followed runs', async () => {
    const world = theWorld()
    const groups = async () => (await world.kafka.groups()).filter((id) => id.includes(`.${world.env}.`)).sort()
    const before = await groups()
    expect(before).toEqual([`${world.topic}.effects`, ...STEPS.map((step) => `${world.topic}.${step}`)].sort())
    for (let round = 0; round < 2; round++) {
      const [stage, control] = await Promise.all([world.startStage('score'), world.startControl()])
      const run = await world.submit()
      const closing = new AbortController()
      const followed = await world.follow(control, run, closing.signal)
      expect(followed.status).toBe(200)
      await world.untilEnded([run])
      await Promise.all([world.stop(stage, 'SIGKILL'), world.stop(control, round === 0 ? 'SIGKILL' : 'SIGTERM')])
      closing.abort()
    }
    expect(await groups()).toEqual(before)
  })

  it('keeps the planned code of each run if a new version of a step is deployed during the run', async () => {
    const world = theWorld()
    const old = [await world.submitByControl(world.fresh({ totalMs: 4_000 })), await world.submitByControl()]
    await world.untilHeard(old[0]!, 'attempt-started/1', 'total')
    edit(world, 'steps.ts', 'VERSION = 1', 'VERSION = 2')
    for (const step of ['report', 'total']) {
      expect(await world.replica(step).restart('SIGTERM')).toBe(0)
      await world.replica(step).start()
    }
    const young = [await world.submitByControl(), await world.submitByControl()]
    expect(new Set(Object.values(await world.untilEnded([...old, ...young])))).toEqual(new Set(['completed']))
    expect(await Promise.all(old.map((run) => versionOf(world, run)))).toEqual([1, 1])
    expect(await Promise.all(young.map((run) => versionOf(world, run)))).toEqual([2, 2])
  })

  it('runs a newly deployed step only in runs that were planned with it', async () => {
    const world = theWorld()
    const old = await world.submitByControl(world.fresh({ totalMs: 3_000 }))
    edit(world, 'steps.ts', 'export const report', `${AUDIT}\nexport const report`)
    edit(world, 'faults.pipeline.ts', 'draw, report', 'audit, draw, report')
    edit(world, 'faults.pipeline.ts', 'return { text', 'return { seen: audit({ n }).seen, text')
    const young = await world.submitByControl()
    await world.untilEnded([old])
    // The step has no process until now, so its events have waited.
    await world.startStage('audit')
    expect(await world.untilEnded([old, young])).toEqual({ [old]: 'completed', [young]: 'completed' })
    expect(await world.end(old, 'audit')).toBeUndefined()
    expect((await world.end(young, 'audit')).status).toBe('completed')
  })

  it('starts a run whose first event was never sent, with the help of control', async () => {
    const world = theWorld()
    await world.stop(world.replica('control'))
    await world.startControl({ sweep: 1, lostAfter: 2 })
    const run = await world.submitUntold()
    expect(await world.untilEnded([run])).toEqual({ [run]: 'completed' })
    expect(world.replica('control').logs).toContain('it had stalled; 1 events were sent again')
    world.mayHelp = true
  })
}

const AUDIT = `export const audit = step('audit', {
  inputs: { n: Int },
  outputs: { seen: Int },
  run: ({ n }) => ({ seen: n }),
})
`

function edit({ root }: World, file: string, before: string, after: string): void {
  const path = join(root, file)
  const text = readFileSync(path, 'utf8')
  expect(text).toContain(before)
  writeFileSync(path, text.replace(before, after))
}

async function versionOf(world: World, run: string): Promise<number> {
  const [outcome] = (await world.end(run, 'report')).items
  const { text } = outcome?.status === 'completed' ? outcome.outputs['text']! : expect.unreachable()
  return (JSON.parse(text!) as { version: number }).version
}
