import type { NodeOverride, Settings } from '@cairn/planner'
import type { Step } from '@cairn/kernel'
import type { Session } from './session.ts'

/** The changes to the explored run. */
export interface Edits {
  readonly swaps: readonly Swap[]
  readonly settings: Settings
  readonly from: readonly string[]
  readonly until: readonly string[]
  readonly overrides: readonly Override[]
}
export interface Swap {
  /** The name of the replaced step. */
  readonly step: string
  readonly by: Step
  /** The module that exports the new step, or imports the module that does. */
  readonly file: string | undefined
}
/** An output that is not computed but set, sampled or selected by hand. */
export interface Override {
  readonly node: string
  readonly output: string
  /** The `each` to which the override applies. Others that map over the same list keep all items. */
  readonly each?: string
  make(session: Session): Promise<Pick<NodeOverride, 'outputs' | 'taints'>>
}

export const NO_EDITS: Edits = { swaps: [], settings: {}, from: [], until: [], overrides: [] }
