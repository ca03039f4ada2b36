import type { Kinds, Reads } from './kind.ts'
import { isStep } from './step.ts'
import type { Step } from './step-definition.ts'
import { CairnError } from '../errors.ts'

/** What must hold of a step's outputs before a run of them becomes production's. */
export interface Expectation {
  readonly step: Step
  /** What it is told in a refusal. */
  readonly says: string
  readonly check: (outputs: any, champion: any) => boolean | Promise<boolean>
}

const EXPECTATION = Symbol.for('cairn.expectation')

/**
 * Declares what promotion asks for, beside the pipeline whose file exports it: compared are the outputs of the run that is
 * to be promoted, and those of the champion, the run that is in production; where that has no such step, they are its own.
 *
 * @example
 * export const noWorse = expect(evaluate, 'the AUC is no worse', ({ metrics }, champion) => metrics.auc >= champion.metrics.auc - 0.001)
 */
export function expect<O extends Kinds>(
  step: Step<any, any, O>,
  says: string,
  check: (outputs: Reads<O>, champion: Reads<O>) => boolean | Promise<boolean>,
): Expectation {
  if (!isStep(step))
    throw new CairnError('BAD_DEFINITION', 'what is expected is not expected of a step', {
      next: "write it like expect(evaluate, 'no worse', ({ metrics }, champion) => …)",
    })
  return Object.defineProperty({ step, says, check }, EXPECTATION, { value: true })
}

export function isExpectation(value: unknown): value is Expectation {
  return typeof value === 'object' && value !== null && EXPECTATION in value
}
