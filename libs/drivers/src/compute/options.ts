import type { ConnectorContext } from '@cairn/kernel'
import type { Confinement } from './confinement.ts'

export interface ComputeOptions {
  /** The project's folder: what bodies read and import is found from here. */
  readonly root: string
  /** An existing folder to work in, best on the store's file system, beside those of the other hosts on its disk. */
  readonly scratch: () => string
  readonly secrets: (name: string) => string | undefined
  /** For people: where a secret is set. Default: in the environment or a file of the project. */
  readonly whereSet?: (name: string) => string
  readonly remember: ConnectorContext['remember']
  /** What bodies may reach of this machine. Default: what this process may reach, but for its secrets. */
  readonly confinement?: Confinement
}
