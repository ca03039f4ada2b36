import type { Adoption, LoadedPipeline, Workspace } from '@cairn/workspace'
import type { Champion, Plan, RunEnd } from '@cairn/records'
import type { CurrentChampion } from './champion.ts'

/** What a promotion reads of a run in production. */
export interface ProductionRun {
  readonly plan: Plan
  readonly status: RunEnd['status']
}

/** The pipeline, workspaces and policy of a promotion, and how production runs the pipeline and sets its champion. */
export interface PromotionContext<Run extends ProductionRun = ProductionRun> {
  readonly loaded: LoadedPipeline
  /** Workspace with the records of production. Only what the policy `adopt` adopts is written through it. */
  readonly production: Workspace
  readonly playground: Workspace
  readonly adoption: Adoption
  /** Runs the pipeline in production with the candidate's settings, here or on services, and waits for the end. */
  readonly run: (settings: NonNullable<Plan['settings']>) => Promise<Run>
  /**
   * Puts a run into production if the champion is still `current`: in the project's own store, or through services
   * that have the right.
   *
   * @throws CairnError CONFLICT when the champion was changed meanwhile
   */
  readonly setChampion: (
    current: CurrentChampion,
    next: { readonly run: string; readonly from?: string },
  ) => Promise<Champion>
}
