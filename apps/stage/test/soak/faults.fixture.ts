import type { SmallDisk } from '../faults/disk.fixture.ts'
import type { Replica } from '../faults/replica.fixture.ts'
import type { OwnServers } from '../faults/servers.fixture.ts'
import type { World } from '../faults/world.fixture.ts'
import type { Dice } from './dice.fixture.ts'

/** What goes wrong by its name; when it resolves, it is over. */
export type Faults = Readonly<Record<string, () => Promise<unknown> | void>>

/** What faults are done to. */
export interface Soaked {
  readonly world: World
  readonly servers: OwnServers
  /** The disk that the stages work on, where this user may make one that can be filled. */
  readonly scratch: SmallDisk | undefined
  /** A consumer of the pipeline's events. */
  readonly consumer: Replica
  readonly dice: Dice
  /** Takes what must never be seen. */
  readonly wrong: string[]
}
