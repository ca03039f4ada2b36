import type { Adoption, LoadedPipeline, Workspace } from '@cairn/workspace'
import type { Champion } from '@cairn/records'
import type { Standing } from './champion.ts'

/** Where a run of a playground is to become production's. */
export interface Promotion {
  readonly loaded: LoadedPipeline
  /** Its records; written through it is only what the policy `adopt` adopts. */
  readonly production: Workspace
  readonly playground: Workspace
  readonly adoption: Adoption
  /**
   * Points production at a run, if what stands there is what stood there: in the project's own store, or by asking the
   * services that may.
   *
   * @throws CairnError CONFLICT
   */
  readonly setChampion: (
    standing: Standing,
    next: { readonly run: string; readonly from?: string },
  ) => Promise<Champion>
}
