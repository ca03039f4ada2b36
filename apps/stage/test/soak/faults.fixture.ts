import type { SmallDisk } from '../faults/disk.fixture.ts'
import type { Replica } from '../faults/replica.fixture.ts'
import type { OwnServers } from '../faults/servers.fixture.ts'
import type { World } from '../faults/world.fixture.ts'
import type { Dice } from './dice.fixture.ts'

/** Functions that cause a fault, by name. Each resolves when its fault is over. */
export type Faults = Readonly<Record<string, () => Promise<unknown> | void>>

/** The targets of faults. */
export interface Soaked {
  readonly world: World
  readonly servers: OwnServers
  /** The scratch disk of the stages, if this user may mount one. */
  readonly scratch: SmallDisk | undefined
  /** A consumer of the pipeline's events. */
  readonly consumer: Replica
  readonly dice: Dice
  /** Collects violations. */
  readonly wrong: string[]
}
