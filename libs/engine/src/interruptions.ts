import type { EndRecord } from '@cairn/records'

/** Why a host that is stopping leaves work unfinished. The next host gets the event. */
export class Stopped extends Error {
  override readonly name = 'Stopped'
}

/** Thrown for an event of a run that a collection removed. */
export class RunRemoved extends Error {
  override readonly name = 'RunRemoved'
}

/** Thrown when a task that was started again turns out to have ended. */
export class AlreadyEnded extends Error {
  readonly end: EndRecord

  constructor(end: EndRecord) {
    super('the task has ended')
    this.end = end
  }
}
