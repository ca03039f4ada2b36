import type { KafkaBus } from '@cairn/drivers/events/kafka'
import type { ArtifactStore, Clock, EventBus, Plan } from '@cairn/records'
import type { PlanLine, RunRequest } from '@cairn/workspace'
import type { ShowOptions } from './planner.ts'
import type { Vouching } from './vouching.ts'

/** What a copy of control works with. */
export interface ControlHost {
  readonly env: string
  readonly store: ArtifactStore
  readonly bus: EventBus & Pick<KafkaBus, 'hear'>
  readonly clock: Clock
  readonly name: string
  /** Signs what is planned here, and tells it from what is not. */
  readonly vouching: Vouching
  /** Makes sure that there is a place for a pipeline's events. */
  prepare(pipeline: string): Promise<void>
  /** @throws CairnError BAD_DEFINITION for settings of the project that name a pipeline which there is not */
  checkSettings(pipeline: string): Promise<void>
  /** Plans in another process, with the code as it is at that moment. `lines` are there only with `show`. */
  plan(pipeline: string, request: RunRequest, show?: ShowOptions): Promise<Planned>
}
export interface Planned {
  readonly plan: Plan
  readonly lines: readonly PlanLine[]
}
