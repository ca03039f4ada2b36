import type { OwnServers } from '../faults/servers.fixture.ts'
import type { World } from '../faults/world.fixture.ts'
import type { Effects } from './effects.fixture.ts'
import type { Known, Places } from './leftovers.fixture.ts'
import { leftByServices } from './sabotage-leftovers.fixture.ts'
import { wrongRecords } from './sabotage-records.fixture.ts'
import { wrongEvents } from './sabotage-events.fixture.ts'

/** A violation that is caused on purpose, and that the check must detect. */
export interface Sabotage {
  readonly what: string
  /** Matches the error of the check. */
  readonly said: RegExp
  /** Causes the violation. Returns a function that undoes it. */
  readonly act: () => Promise<Undo> | Undo
}
export type Undo = () => unknown

/** The targets of sabotage. All runs must have ended. */
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
 * Causes each violation that the check must detect, one at a time, and undoes it again. Otherwise a check that never
 * fails would go unnoticed.
 *
 * @param check throws an Error that lists violations
 * @returns the number of violations, all of which were detected
 * @throws Error that lists the violations that were not detected
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
