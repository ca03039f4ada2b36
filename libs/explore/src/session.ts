import type { LoadedPipeline, Workspace } from '@cairn/workspace'
import type { ClosureSet, Plan } from '@cairn/records'
import type { Graph } from '@cairn/kernel/contract'

/** What all that is tried from one run shares. */
export interface Session {
  /** Over the layered store: the playground's above, production's below. */
  readonly workspace: Workspace
  readonly loaded: LoadedPipeline
  readonly playground: string
  /** The plan of the run that everything starts from. */
  readonly base: Plan
  /** What is run where nothing is changed: the pipeline as it stands or, at the run's own code, as it was then. */
  readonly graph: Graph
  readonly closures: ClosureSet
}
