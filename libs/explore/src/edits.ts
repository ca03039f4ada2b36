import type { NodeOverride, Settings } from '@cairn/planner'
import type { Step } from '@cairn/kernel'
import type { Session } from './session.ts'

/** What is to be different from the run that is explored. */
export interface Edits {
  readonly swaps: readonly Swap[]
  readonly settings: Settings
  readonly from: readonly string[]
  readonly until: readonly string[]
  readonly overrides: readonly Override[]
}
export interface Swap {
  /** The name of the step whose places are taken. */
  readonly step: string
  readonly by: Step
  /** The module that exports it, or imports the one that does. */
  readonly file: string | undefined
}
/** An output that is not computed but set, sampled or selected by hand. */
export interface Override {
  readonly node: string
  readonly output: string
  /** For which `each` alone, where the others that map over the same list keep all of it. */
  readonly each?: string
  make(session: Session): Promise<Pick<NodeOverride, 'outputs' | 'taints'>>
}

export const NO_EDITS: Edits = { swaps: [], settings: {}, from: [], until: [], overrides: [] }
