import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, inject } from 'vitest'
import { ROUNDS, type Case } from './cases.fixture.ts'
import { asTable, checkInvariants } from './invariants.fixture.ts'
import { World } from './world.fixture.ts'

const servers = inject('servers')

/**
 * Declares suites that share an environment, and checks its invariants after each test. The reconciler of control is
 * off, so that everything must continue by itself.
 */
export function inOneWorld(title: string, suites: readonly ((theWorld: Case) => void)[]): void {
  describe.skipIf(!servers)(`${title}, on real servers`, { timeout: 600_000 * Math.max(1, ROUNDS / 4) }, () => {
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
      await world?.close() // waits until no process is left
    })
    for (const suite of suites) suite(() => world)
  })
}
