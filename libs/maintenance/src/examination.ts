import type { ArtifactStore, Checkpoint, Layout, Plan } from '@cairn/records'
import type { Area } from './doctor-walk.ts'

/** A problem in a store, and what `repair` did or would do about it. */
export interface Finding {
  readonly path: string
  readonly what: string
  readonly repair: string
}

/** The result of checking a store, or the part of it that was checked so far. */
export interface Checkup {
  readonly findings: Finding[]
  /** What was checked. `bytes` is the size of all objects, `read` of those that were read. */
  readonly checked: { runs: number; checkpoints: number; objects: number; bytes: number; read: number }
  /** Where it stopped; undefined when everything was checked. */
  readonly next?: CheckupPlace
}

/** How far a check got, for the next one to continue. */
export interface CheckupPlace {
  readonly area: Area
  /** The last path that was checked, in the pipeline's folder. */
  readonly after: string
  /** Digests of the damaged objects found so far, so that records that reference them are reported, too. */
  readonly broken: readonly string[]
}

export interface CheckupOptions {
  readonly repair?: boolean
  /**
   * Fraction of the objects to read, chosen at random, from 0 to 1.
   *
   * @default 1, which reads all of them
   */
  readonly share?: number
  /**
   * Where to continue.
   *
   * @default the beginning
   */
  readonly from?: CheckupPlace
  /** Called after each checked path. Returns true to stop there. */
  readonly isEnough?: (checkup: Checkup) => boolean
  /** Called after each checked path. */
  readonly onProgress?: (checkup: Checkup) => void
  /**
   * Returns the SHA-256 (hex) of an object's bytes, computed inside the store.
   *
   * @default computed from the local copy that the store returns
   */
  readonly digestOf?: (path: string) => Promise<string | undefined>
  /** Describes what is wrong with the signature of a plan; undefined when it is valid. */
  readonly planFault?: (plan: Plan) => string | undefined
  /** Describes what is wrong with the signature of a checkpoint; undefined when it is valid. */
  readonly checkpointFault?: (checkpoint: Checkpoint) => string | undefined
}

/** State shared by the checks of one examination. */
export interface Examination extends CheckupOptions, Checkup {
  readonly store: ArtifactStore
  readonly at: Layout
  readonly broken: Set<string>
}
