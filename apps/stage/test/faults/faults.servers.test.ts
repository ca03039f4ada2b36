import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, inject } from 'vitest'
import { cancels } from './cancels.suite.ts'
import { ROUNDS } from './cases.fixture.ts'
import { deploy } from './deploy.suite.ts'
import { events } from './events.suite.ts'
import { asTable, checkInvariants } from './invariants.fixture.ts'
import { kills } from './kills.suite.ts'
import { stops } from './stops.suite.ts'
import { store } from './store.suite.ts'
import { World } from './world.fixture.ts'

const servers = inject('servers')

/** Control never helps here: whatever goes on does so by itself. */
describe.skipIf(!servers)('faults on real servers', { timeout: 600_000 * Math.max(1, ROUNDS / 4) }, () => {
  let world: World
  beforeAll(async () => {
    world = await World.open(servers!, { env: `faults-${randomUUID().slice(0, 8)}` })
    await world.start()
  })
  afterEach(async () => {
    world.proxy.heal()
    const report = await checkInvariants(world)
    console.log(`${expect.getState().currentTestName}\n${asTable(report)}\n`)
  })
  afterAll(async () => {
    await world?.close() // which sees to it that no process is left
  })
  const theWorld = () => world

  kills(theWorld)
  stops(theWorld)
  events(theWorld)
  store(theWorld)
  cancels(theWorld)
  deploy(theWorld)
})
