import type { LoadedPipeline, Workspace } from '@cairn/workspace'
import type { ClosureSet, Plan } from '@cairn/records'
import type { Graph } from '@cairn/kernel/contract'

/** The state that all labs of one explored run share. */
export interface Session {
  /** The workspace on the layered store: the playground on top of production. */
  readonly workspace: Workspace
  readonly loaded: LoadedPipeline
  readonly playground: string
  /** The plan of the explored run. */
  readonly base: Plan
  /** The unchanged pipeline: the current one, or with the code of the run the one at that time. */
  readonly graph: Graph
  readonly closures: ClosureSet
}
