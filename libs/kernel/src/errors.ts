/** The code of an error that Cairn raises on purpose. */
export type ErrorCode =
  | 'BAD_DEFINITION' // a step or pipeline is defined incorrectly
  | 'BAD_WIRING' // an input is missing, unknown or of another kind
  | 'BAD_PARAMETER'
  | 'BAD_OUTPUT' // a step returned a value that does not fit its declaration
  | 'BAD_RECORD' // a record in the store is unreadable or written by a newer version
  | 'MISFIT' // this host lacks the packages or the Node version of the plan
  | 'HOST_FAILED' // this host is out of a resource that any body needs: disk, memory, open files
  | 'CORRUPT' // bytes in the store do not match their digest
  | 'NOT_FOUND'
  | 'NOT_JSON'
  | 'MISSING_SECRET'
  | 'SOURCE_UNREACHABLE'
  | 'STEP_FAILED'
  | 'HANDLER_FAILED' // a consumer failed to handle an event
  | 'STEP_CRASHED' // the process that ran the step died
  | 'OUT_OF_MEMORY'
  | 'OUT_OF_SPACE' // the body filled the disk
  | 'TIMED_OUT'
  | 'CANCELLED'
  | 'CONFLICT' // another process changed the same thing first
  | 'NOT_ALLOWED' // the token lacks a right
  | 'REFUSED' // the operation is not allowed in this state, for example a promotion
  | 'STORE_FAILED' // the store is unreachable, full or denies access
  | 'STORE_REFUSED' // the store rejects this request for good, for example a name
  | 'BUS_FAILED'

export interface ErrorDetails {
  /** What the reader can do about it: a command to run, or a change to make. */
  readonly next?: string | undefined
  readonly cause?: unknown
}

const BRAND = Symbol.for('cairn.error')

/** An error for people: `message` says what happened and where, and `next` says what to do about it. */
export class CairnError extends Error {
  /** Recognizes errors from another copy of this module: the command line and the project may each have one. */
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

/** Makes a handler for `Promise.catch` that returns undefined for these codes and rethrows any other error. */
export function undefinedOn(...codes: readonly ErrorCode[]): (error: unknown) => undefined {
  return (error) => {
    if (!(error instanceof CairnError && codes.includes(error.code))) throw error
  }
}

/**
 * Returns `did you mean "x"?` if a known name is close to the typed one, or else `available:` and up to 12 names.
 * @param none the result if there are no known names
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

/** Whether two names begin with the same letters, as `retries` and `retry` do. */
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

// A number is never a misspelling of another number.
const NUMBER = /^[\d.#-]+$/

/** The largest edit distance of a misspelling: a third of the characters, but at least one. */
function furthest(typed: string, name: string): number {
  return NUMBER.test(typed) ? 0 : Math.max(1, Math.round(Math.max(typed.length, name.length) / 3))
}

/** The number of characters to insert, delete, replace or swap with a neighbour (optimal string alignment distance). */
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
