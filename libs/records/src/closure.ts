import type { Reach, Step } from '@cairn/kernel'

/**
 * A step's code, cut out of its modules: the step's body, inputs, outputs and reads, and every declaration that they
 * reach by reference, constants included. What runs is this, never the module that it was cut from.
 */
export interface Closure {
  /** SHA-256 (hex) of all that counts: see `docs/decisions/0003-fingerprint.md`. */
  readonly fingerprint: string
  readonly manifest: Manifest
  /** SHA-256 (hex) of what `emit` gives, where that is known from before. */
  readonly emitted?: string | undefined
  /**
   * The closure as one plain ES module, its source map inline. A step's module exports `run`, `inputs`, `outputs` and
   * `reads`; a fallback's exports `fallback`. Slower than the fingerprint, so made only when it is not yet stored as it is now.
   */
  emit(): Promise<string>
}

/** What a fingerprint is made of, so that two of them can be compared and the difference named. */
export interface Manifest {
  readonly v: 1
  readonly fingerprint: string
  /** Node's major version. */
  readonly node: number
  /** The first is the step itself. */
  readonly declarations: readonly Declaration[]
  readonly packages: readonly PackageUse[]
  readonly reaches: readonly ReachUse[]
  /** Folder (relative to the project's) from which each imported package is resolved, by specifier. */
  readonly imports: Readonly<Record<string, string>>
  /**
   * For every state that loading changes, the indices of what changes it, each alone, in the order of evaluation, and
   * between two of those of what may read it. Left out where nothing changes state: then no order counts.
   */
  readonly order?: readonly (readonly (readonly number[])[])[]
}

export interface Declaration {
  /** Of functions with brackets: `zscore()`; of a bare statement, its code. */
  readonly name: string
  /** Relative to the project's folder. */
  readonly file: string
  readonly line: number
  /** Of the declaration alone, without what it refers to. */
  readonly hash: string
  /** What it refers to, in order: `3.0` (the first variable of declaration 3) or `zod#z` (an export of a package). */
  readonly refs: readonly string[]
  /** Index of the declaration through which it is first reached; -1 for the step itself. */
  readonly via: number
}
export interface PackageUse {
  readonly name: string
  readonly version: string
  /** Of the package and all that it depends on. */
  readonly integrity: string
  readonly via: number
}
export interface ReachUse {
  readonly what: Reach | 'console'
  /** The code that reaches it: `Date.now()`. */
  readonly detail: string
  readonly line: number
  readonly via: number
}

/** The closures of a pipeline's steps. A step that is no module-level export has none. */
export interface ClosureSet {
  /** Of the body, or the reason why there is none. */
  body(step: Step): Closure | { readonly inline: string }
  /** Of the step's `catch`, if it has one: apart from the body's, so that editing it re-runs nothing. */
  fallback(step: Step): Closure | { readonly inline: string } | undefined
}
