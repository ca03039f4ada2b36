import type { Reach, Step } from '@cairn/kernel'

/**
 * A step's code, extracted from its modules: body, inputs, outputs and reads, with every declaration that they
 * reference, including constants. Hosts run this code, never the original module.
 */
export interface Closure {
  /** SHA-256 (hex) of everything that affects the result: see `docs/decisions/0003-fingerprint.md`. */
  readonly fingerprint: string
  readonly manifest: Manifest
  /** SHA-256 (hex) of the text that `emit` returns, if it is known already. */
  readonly emitted?: string | undefined
  /**
   * Emits the closure as one plain ES module with an inline source map. The module of a step exports `run`, `inputs`,
   * `outputs` and `reads`; that of a fallback exports `fallback`. Slower than the fingerprint, so it is called only
   * when this text is not stored yet.
   */
  emit(): Promise<string>
}

/** The parts of a fingerprint, so that two fingerprints can be compared and the difference named. */
export interface Manifest {
  readonly v: 1
  readonly fingerprint: string
  /** Major version of Node. */
  readonly node: number
  /** The first is the step itself. */
  readonly declarations: readonly Declaration[]
  readonly packages: readonly PackageUse[]
  readonly reaches: readonly ReachUse[]
  /** By import specifier: the folder that the package is resolved from, relative to the project folder. */
  readonly imports: Readonly<Record<string, string>>
  /**
   * For each piece of state that is changed while modules load: groups of declaration indices in the order of
   * evaluation. A declaration that changes the state is alone in its group; between two of those stands the group of
   * declarations that may read it. Absent when nothing changes state, because then the order does not matter.
   */
  readonly order?: readonly (readonly (readonly number[])[])[]
}

/** A declaration in the code of a step: a function, class, variable or statement at the top level of a module. */
export interface Declaration {
  /** A function's name ends in `()`: `zscore()`. A bare statement is named by its code. */
  readonly name: string
  /** Path relative to the project folder. */
  readonly file: string
  readonly line: number
  /** Hash of the declaration alone, without what it references. */
  readonly hash: string
  /** What it references, in order: `3.0` (the first variable of declaration 3) or `zod#z` (an export of a package). */
  readonly refs: readonly string[]
  /** Index of the declaration through which it is first reached; -1 for the step itself. */
  readonly via: number
}
/** An installed package that the code of a step imports. */
export interface PackageUse {
  readonly name: string
  readonly version: string
  /** Integrity of the package and of all its dependencies. */
  readonly integrity: string
  /** Index of a declaration that imports it. */
  readonly via: number
}
/** Something outside a step's closure that its code reaches, such as the clock or the network. */
export interface ReachUse {
  readonly what: Reach | 'console'
  /** The code that reaches it, such as `Date.now()`. */
  readonly detail: string
  readonly line: number
  /** Index of the declaration that reaches it. */
  readonly via: number
}

/** The closures of a pipeline's steps. A step that is not a module-level export has none. */
export interface ClosureSet {
  /** Returns the closure of the step body, or the reason why it has none. */
  body(step: Step): Closure | { readonly inline: string }
  /**
   * Returns the closure of the step's `catch`, if it has one. It is separate from the body's, so editing it recomputes
   * nothing.
   */
  fallback(step: Step): Closure | { readonly inline: string } | undefined
}
