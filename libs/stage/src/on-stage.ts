import { applyDecorators, UseFilters } from '@nestjs/common'
import { EventPattern } from '@nestjs/microservices'
import type { Pipeline, Step } from '@cairn/kernel/runtime'
import type { ConsumeOptions, StageEventType } from '@cairn/consumer'
import { Rethrow } from './rethrow.filter.ts'

export type OnStageOptions = Partial<Omit<ConsumeOptions, 'on'>> & { readonly pipeline?: Pipeline }

/** What a handler of a Nest controller listens to; kept beside its pattern. */
export type Listening =
  | { readonly to: 'stage'; readonly step: Step; readonly on: StageEventType; readonly options: OnStageOptions }
  | { readonly to: 'engine' }

/**
 * Hears how a step ended, in every run of a pipeline. Options that are not given are those of `CairnStrategy`.
 *
 * @example
 * @OnStage(evaluate, 'completed')
 * async notify(done: StageEvent<typeof evaluate>) { const { metrics } = await done.outputs() }
 */
export function OnStage(step: Step, on: StageEventType, options: OnStageOptions = {}): MethodDecorator {
  return listening(`stage ${step.name} ${on} ${handlers++}`, { to: 'stage', step, on, options })
}
let handlers = 0

export function OnEngineEvents(): MethodDecorator {
  return listening('engine', { to: 'engine' })
}

function listening(pattern: string, to: Listening): MethodDecorator {
  return applyDecorators(EventPattern(pattern, undefined, { cairn: to }), UseFilters(Rethrow))
}
