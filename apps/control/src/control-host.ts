import type { KafkaBus } from '@cairn/drivers/events/kafka'
import type { ArtifactStore, Clock, EventBus, Plan } from '@cairn/records'
import type { PlanLine, RunRequest } from '@cairn/workspace'
import type { ShowOptions } from './planner.ts'
import type { PlanSigning } from './plan-signing.ts'

/** The dependencies of a copy of control. */
export interface ControlHost {
  readonly env: string
  readonly store: ArtifactStore
  readonly bus: EventBus & Pick<KafkaBus, 'listen'>
  readonly clock: Clock
  readonly name: string
  /** Signs plans of this control, and verifies plans. */
  readonly planSigning: PlanSigning
  /** Creates the topic of a pipeline if needed. */
  prepare(pipeline: string): Promise<void>
  /** @throws CairnError BAD_DEFINITION for project settings that name an unknown pipeline */
  checkSettings(pipeline: string): Promise<void>
  /** Plans in another process with the current code. `lines` are only returned with `show`. */
  plan(pipeline: string, request: RunRequest, show?: ShowOptions): Promise<Planned>
}
export interface Planned {
  readonly plan: Plan
  readonly lines: readonly PlanLine[]
}
