import type { OwnServers } from '../faults/servers.fixture.ts'
import type { World } from '../faults/world.fixture.ts'
import type { Effects } from './effects.fixture.ts'
import type { Known, Places } from './leftovers.fixture.ts'
import { leftByServices } from './sabotage-leftovers.fixture.ts'
import { wrongRecords } from './sabotage-records.fixture.ts'
import { wrongEvents } from './sabotage-events.fixture.ts'

/** What the check must find, done on purpose. */
export interface Sabotage {
  readonly what: string
  /** What the check must say of it. */
  readonly said: RegExp
  /** Does it; gives what undoes it. */
  readonly act: () => Promise<Undo> | Undo
}
export type Undo = () => unknown

/** What a sabotage may lay hands on, once all runs have ended. */
export interface Sabotaged {
  readonly world: World
  readonly servers: OwnServers
  readonly effects: Effects
  readonly places: Places
  readonly before: Known
  readonly wrong: string[]
  /** A run that has completed. */
  readonly run: string
}

/**
 * Breaks each thing that the check looks for, in turn, and mends it again: a check that does not name what is broken would
 * find nothing at the end either.
 *
 * @param check throws an Error that lists what does not hold
 * @returns how many things were broken, all of which the check has named
 * @throws Error that lists those that it has not
 */
export async function provenToFail(sabotaged: Sabotaged, check: () => Promise<unknown>): Promise<number> {
  const all = [...wrongRecords(sabotaged), ...wrongEvents(sabotaged), ...leftByServices(sabotaged)]
  const silent: string[] = []
  for (const { what, said, act } of all) {
    const undo = await act()
    const told = await check().then(() => 'all invariants hold', String)
    await undo()
    if (!said.test(told)) silent.push(`${what}: the check says ${told.slice(0, 600)}`)
  }
  if (silent.length > 0)
    throw new Error(`${silent.length} of ${all.length} faults are not found:\n${silent.join('\n')}`)
  return all.length
}
