import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { pipeline, step } from '@cairn/kernel'
import { Int, openApps, type Apps } from './apps.fixture.ts'

const ran: string[] = []
const gate = { open: Promise.withResolvers<void>(), begun: Promise.withResolvers<void>() }
const one = step('one', { outputs: { n: Int }, run: () => (ran.push('one'), { n: 1 }) })
const two = step('two', { inputs: { n: Int }, outputs: { n: Int }, run: ({ n }) => (ran.push('two'), { n: n + 1 }) })
const wait = step('wait', {
  inputs: { n: Int },
  outputs: { n: Int },
  run: async ({ n }) => {
    ran.push('wait')
    gate.begun.resolve()
    await gate.open.promise
    return { n }
  },
})
const chain = pipeline('chain', () => two(one({})))
const waiting = pipeline('waiting', () => two(wait(one({}))))

describe('a stage', () => {
  let apps: Apps
  beforeEach(() => {
    apps = openApps()
    ran.splice(0)
    gate.open = Promise.withResolvers()
    gate.begun = Promise.withResolvers()
  })
  afterEach(() => apps.close())

  it('handles a run to its end, event by event', async () => {
    await apps.openStage(chain)
    const { ended } = await apps.start(chain)
    expect((await ended).data.status).toBe('completed')
    expect(ran).toEqual(['one', 'two'])
  })

  it('runs only its own step', async () => {
    await apps.openStage(chain, [one])
    const { ended } = await apps.start(chain)
    await apps.openStage(chain, [two])
    expect((await ended).data.status).toBe('completed')
    expect(ran).toEqual(['one', 'two'])
  })

  it('finishes its current step when it closes, and leaves the rest to the next stage', async () => {
    const first = await apps.openStage(waiting)
    const { ended } = await apps.start(waiting)
    await gate.begun.promise
    const closed = first.close()
    gate.open.resolve()
    await closed
    expect(ran).toEqual(['one', 'wait'])
    await apps.openStage(waiting)
    expect((await ended).data.status).toBe('completed')
    expect(ran).toEqual(['one', 'wait', 'two'])
  })
})
