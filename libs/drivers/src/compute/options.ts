import type { ConnectorContext } from '@cairn/kernel'
import type { Confinement } from './confinement.ts'

export interface ComputeOptions {
  /** The project's folder. Imports, and paths that connectors read, are resolved from here. */
  readonly root: string
  /**
   * Returns an existing folder for temporary files. It should be on the store's file system, so that files are moved
   * into the store and not copied, and next to the folders of other hosts on that disk, so that the space they use is
   * counted.
   */
  readonly scratch: () => string
  /** Returns the value of a secret; undefined if it is not set. */
  readonly secrets: (name: string) => string | undefined
  /** Says where to set a secret, for error messages. Default: in the environment or in `.cairn/secrets.json`. */
  readonly whereSet?: (name: string) => string
  readonly remember: ConnectorContext['remember']
  /** What bodies in worker processes may access on this machine. Default: what this process may, except its secrets. */
  readonly confinement?: Confinement
}
