import type { OriginContext, Step } from '@cairn/kernel/runtime'

export interface ComputeOptions {
  /** The project's folder: what bodies read and import is found from here. */
  readonly root: string
  /** An existing folder to work in, best on the store's file system. */
  readonly scratch: () => string
  /** Steps of this process, for those that have no stored code. */
  readonly live: ReadonlyMap<string, Step>
  readonly secrets: (name: string) => string | undefined
  readonly remember: OriginContext['remember']
}
