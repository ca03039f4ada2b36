import { CairnError } from '@cairn/kernel'
import type { EndRecord, Plan } from '@cairn/records'

/** Why a host that is stopping leaves work unfinished. The next host gets the event. */
export class Stopped extends Error {
  override readonly name = 'Stopped'
}

/** Thrown for an event of a run that is not in the store. */
export class NoPlan extends CairnError {
  constructor({ env, pipeline, run }: Pick<Plan, 'env' | 'pipeline' | 'run'>) {
    super('NOT_FOUND', `run ${run} of ${pipeline} has no plan in ${env}`)
  }
}

/** Thrown when a task that was started again turns out to have ended. */
export class AlreadyEnded extends Error {
  readonly end: EndRecord

  constructor(end: EndRecord) {
    super('the task has ended')
    this.end = end
  }
}
