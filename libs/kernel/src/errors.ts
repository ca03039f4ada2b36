/** Every error that Cairn raises on purpose has one of these codes. */
export type ErrorCode =
  | 'BAD_DEFINITION' // a step or pipeline is written wrongly
  | 'BAD_WIRING' // an input is missing, unknown or of another kind
  | 'BAD_PARAMETER'
  | 'BAD_OUTPUT' // what a step returned does not fit its declaration
  | 'BAD_RECORD' // a record in the store is unreadable or newer than this program
  | 'MISFIT' // this host has not the packages or the Node that the code was planned with
  | 'HOST_FAILED' // this host lacks what any body needs: room on its disk, memory, files
  | 'CORRUPT' // bytes in the store do not match their digest
  | 'NOT_FOUND'
  | 'NOT_JSON'
  | 'MISSING_SECRET'
  | 'SOURCE_UNREACHABLE'
  | 'STEP_FAILED'
  | 'HANDLER_FAILED' // what a consumer does with an event has failed
  | 'STEP_CRASHED' // the process that ran the step died
  | 'OUT_OF_MEMORY'
  | 'OUT_OF_SPACE' // a body filled by itself the disk that it works on
  | 'TIMED_OUT'
  | 'CANCELLED'
  | 'CONFLICT' // someone else was faster
  | 'NOT_ALLOWED' // the token lacks a right on services
  | 'REFUSED' // it may not become production's
  | 'STORE_FAILED' // the store is away, full or closed to this process, whatever is asked of it
  | 'STORE_REFUSED' // the store never takes what was asked of it: a name, say
  | 'BUS_FAILED'

export interface ErrorDetails {
  /** What the person who reads this can do: a command, or the change to make. */
  readonly next?: string | undefined
  readonly cause?: unknown
}

const BRAND = Symbol.for('cairn.error')

/** An error meant to be read: what happened and where in `message`, what to do about it in `next`. */
export class CairnError extends Error {
  /** Also of another copy of this module: the command line has its own, and so may a project. */
  static override [Symbol.hasInstance](value: unknown): value is CairnError {
    return typeof value === 'object' && value !== null && BRAND in value
  }
  readonly [BRAND] = true
  readonly code: ErrorCode
  readonly next: string | undefined

  constructor(code: ErrorCode, message: string, { next, cause }: ErrorDetails = {}) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'CairnError'
    this.code = code
    this.next = next
  }
}

/** For `catch`: gives undefined after an error with one of these codes, and throws any other again. */
export function undefinedOn(...codes: readonly ErrorCode[]): (error: unknown) => undefined {
  return (error) => {
    if (!(error instanceof CairnError && codes.includes(error.code))) throw error
  }
}

/**
 * `did you mean "x"?` when one of the known names is close to the one that was typed, else the names.
 *
 * @param none what to do where there are no names
 */
export function suggest(typed: string, known: Iterable<string>, none: string): string
export function suggest(typed: string, known: Iterable<string>): string | undefined
export function suggest(typed: string, known: Iterable<string>, none?: string): string | undefined {
  const names = [...known]
  const [best] = names
    .map((name) => ({ name, distance: editDistance(typed.toLowerCase(), name.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance)
  if (best && (best.distance <= furthest(typed, best.name) || beginAlike(typed, best.name)))
    return `did you mean "${best.name}"?`
  return names.length > 0 ? `available: ${names.slice(0, 12).join(', ')}${names.length > 12 ? ', …' : ''}` : none
}

/** As do `retries` and `retry`. */
function beginAlike(a: string, b: string): boolean {
  const shortest = Math.min(a.length, b.length)
  const share = Math.max(4, Math.ceil(shortest * 0.75))
  return (
    !NUMBER.test(a) &&
    Math.abs(a.length - b.length) < 4 &&
    shortest >= share &&
    a.slice(0, share).toLowerCase() === b.slice(0, share).toLowerCase()
  )
}

/** A number is no misspelling of another one. */
const NUMBER = /^[\d.#-]+$/

/** How many signs may be wrong: one, or a third of them. */
function furthest(typed: string, name: string): number {
  return NUMBER.test(typed) ? 0 : Math.max(1, Math.round(Math.max(typed.length, name.length) / 3))
}

/** Signs to insert, leave out or replace, and neighbours to swap (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let [before, row] = [[] as number[], Array.from({ length: b.length + 1 }, (_, index) => index)]
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1, isSwapped ? before[j - 2]! + 1 : Infinity))
    }
    ;[before, row] = [row, next]
  }
  return row[b.length]!
}
