import type { Kinds, Reads } from './kind.ts'
import { isStep } from './step.ts'
import type { Step } from './step-definition.ts'
import { CairnError } from '../errors.ts'

/** A condition on a step's outputs that must hold before a run is promoted to production. */
export interface Expectation {
  readonly step: Step
  /** The condition in words, for the error message. */
  readonly says: string
  readonly check: (outputs: any, champion: any) => boolean | Promise<boolean>
}

const EXPECTATION = Symbol.for('cairn.expectation')

/**
 * Declares a condition that promotion checks. Export it from the file that exports the pipeline. `check` receives the
 * step's outputs in the run to promote and in the champion, which is the run in production. If the champion has no such
 * step, `check` receives the outputs of the run to promote twice.
 * @throws CairnError BAD_DEFINITION when `step` is not a step
 * @example
 * export const noWorse = expect(evaluate, 'the AUC is no worse', ({ metrics }, champion) => metrics.auc >= champion.metrics.auc - 0.001)
 */
export function expect<O extends Kinds>(
  step: Step<any, any, O>,
  says: string,
  check: (outputs: Reads<O>, champion: Reads<O>) => boolean | Promise<boolean>,
): Expectation {
  if (!isStep(step))
    throw new CairnError('BAD_DEFINITION', 'the first argument of expect is not a step', {
      next: "write it like expect(evaluate, 'no worse', ({ metrics }, champion) => …)",
    })
  return Object.defineProperty({ step, says, check }, EXPECTATION, { value: true })
}

/** Whether a value was made by {@link expect}. */
export function isExpectation(value: unknown): value is Expectation {
  return typeof value === 'object' && value !== null && EXPECTATION in value
}
