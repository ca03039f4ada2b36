import type { EndRecord } from '@cairn/records'

/** Why a host that stops leaves something undone: its event is for the next host. */
export class Stopped extends Error {
  override readonly name = 'Stopped'
}

/** Thrown where a task, begun once more, turns out to have ended. */
export class AlreadyEnded extends Error {
  readonly end: EndRecord

  constructor(end: EndRecord) {
    super('the task has ended')
    this.end = end
  }
}
