import { applyDecorators, UseFilters } from '@nestjs/common'
import { EventPattern } from '@nestjs/microservices'
import { isPipeline, takes, type Options, type Pipeline, type Step } from '@cairn/kernel'
import { checkConsumeOptions, type StageEvent, type StageEventType, type SubscriptionOptions } from '@cairn/consumer'
import { Rethrow } from './rethrow.filter.ts'

/** Options of one handler. They override those of `CairnStrategy`. */
export interface OnStageOptions extends Omit<SubscriptionOptions, 'on'> {
  /**
   * The pipeline whose runs it listens to.
   *
   * @default that of `CairnStrategy`
   */
  readonly pipeline?: Pipeline
}

/** The options of one handler, in addition to those of a consumer. */
const LISTENING: Options = { pipeline: takes.what('a pipeline', isPipeline) }

/** The step and event that a handler of a Nest controller listens to. Stored next to its pattern. */
export interface Listening {
  readonly step: Step
  readonly on: StageEventType
  readonly options: OnStageOptions
}

/** A decorator for a method that takes an event of the step. */
type HandlerDecorator<S extends Step> = <Handler extends (event: StageEvent<S>) => unknown>(
  target: object,
  key: string | symbol,
  descriptor: TypedPropertyDescriptor<Handler>,
) => void

/**
 * Calls the method when a task of the step ends, in every run of a pipeline. Options default to those of
 * `CairnStrategy`.
 *
 * @example
 * @OnStage(evaluate, 'completed')
 * async notify(done: StageEvent<typeof evaluate>) { const { metrics } = await done.outputs() }
 *
 * @throws CairnError BAD_DEFINITION for unknown or invalid options
 */
export function OnStage<S extends Step>(
  step: S,
  on: StageEventType,
  options: OnStageOptions = {},
): HandlerDecorator<S> {
  checkConsumeOptions(options, `@OnStage(${step.name}, '${on}')`, LISTENING)
  const listening: Listening = { step, on, options }
  const pattern = `stage ${step.name} ${on} ${handlers++}`
  return applyDecorators(EventPattern(pattern, undefined, { cairn: listening }), UseFilters(Rethrow))
}
/**
 * Nest calls handlers with the same pattern one after the other, with the options of the first, so each has its own.
 */
let handlers = 0
