import type { Adoption, LoadedPipeline, Workspace } from '@cairn/workspace'
import type { Champion } from '@cairn/records'
import type { Standing } from './champion.ts'

/** The pipeline, workspaces and policy of a promotion. */
export interface Promotion {
  readonly loaded: LoadedPipeline
  /** Workspace with the records of production. Only what the policy `adopt` adopts is written through it. */
  readonly production: Workspace
  readonly playground: Workspace
  readonly adoption: Adoption
  /**
   * Puts a run into production if the champion is still `standing`: in the project's own store, or through services
   * that have the right.
   *
   * @throws CairnError CONFLICT when the champion was changed meanwhile
   */
  readonly setChampion: (
    standing: Standing,
    next: { readonly run: string; readonly from?: string },
  ) => Promise<Champion>
}
