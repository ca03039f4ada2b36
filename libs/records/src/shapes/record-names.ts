import { LONGEST_NAME, LONGEST_PLACE, NAME, PLACE } from '@cairn/kernel/contract'

/** What names in the paths of records look like: in plans, events and requests alike. */
export const NAMES = {
  env: named(/^(?!\.\.?$)[\w.-]+$/, 100),
  /** Of pipelines and steps. */
  name: named(NAME, LONGEST_NAME),
  run: named(/^[\w-]+$/, 64),
  /** A place in a pipeline: names with dots between, of pipelines used inside. */
  node: named(PLACE, LONGEST_PLACE),
  /** The number of a batch, behind those of the batches around it. */
  batch: named(/^(0|[1-9]\d{0,8})(\.(0|[1-9]\d{0,8}))*$/, 40),
} as const

export interface NamePattern {
  readonly pattern: RegExp
  /** Bytes. */
  readonly longest: number
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
