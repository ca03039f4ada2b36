import { LONGEST_NAME, LONGEST_PLACE, NAME, PLACE } from '@cairn/kernel/contract'

/** Patterns of the names in the paths of records, for plans, events and requests. */
export const NAMES = {
  env: named(/^(?!\.\.?$)[\w.-]+$/, 100),
  /** A pipeline or a step. */
  name: named(NAME, LONGEST_NAME),
  run: named(/^[\w-]+$/, 64),
  /** A node's name: names joined by dots when pipelines are nested. */
  node: named(PLACE, LONGEST_PLACE),
  /** A batch number, after the numbers of the batches around it. */
  batch: named(/^(0|[1-9]\d{0,8})(\.(0|[1-9]\d{0,8}))*$/, 40),
} as const

/** What a name in a path may look like. */
export interface NamePattern {
  /** The characters that it allows. A name must also be short enough: see `longest`. */
  readonly pattern: RegExp
  /** Length in bytes. */
  readonly longest: number
  /** Whether a value is a string that may be used as this name. */
  readonly fits: (name: unknown) => name is string
}

function named(pattern: RegExp, longest: number): NamePattern {
  return {
    pattern,
    longest,
    fits: (name): name is string =>
      typeof name === 'string' &&
      Buffer.byteLength(name) <= longest &&
      pattern.test(name) &&
      !(name in Object.prototype),
  }
}
