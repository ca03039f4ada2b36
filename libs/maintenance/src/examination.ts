import type { ArtifactStore, Checkpoint, Layout, Plan } from '@cairn/records'
import type { Area } from './doctor-walk.ts'

/** Something wrong in a store, and what `repair` did or would do about it. */
export interface Finding {
  readonly path: string
  readonly what: string
  readonly repair: string
}

export interface Checkup {
  readonly findings: Finding[]
  /** `bytes` of objects there are, of which `read` were read. */
  readonly checked: { runs: number; checkpoints: number; objects: number; bytes: number; read: number }
  /** Where it left off; undefined when all was looked at. */
  readonly next?: CheckupPlace
}

/** How far an examination came, for the next one to continue. */
export interface CheckupPlace {
  readonly area: Area
  /** The last path that was looked at, in the pipeline's folder. */
  readonly after: string
  /** Digests of altered objects that were found so far: records that refer to them are named, too. */
  readonly broken: readonly string[]
}

export interface CheckupOptions {
  readonly repair?: boolean
  /** The share of objects whose bytes are read, picked at random: 0 to 1. Default: 1, all of them. */
  readonly share?: number
  /** Where to continue. Default: at the beginning. */
  readonly from?: CheckupPlace
  /** Asked after each path that was looked at: true ends this examination there. */
  readonly isEnough?: (checkup: Checkup) => boolean
  /** Reply after each path that was looked at. */
  readonly onProgress?: (checkup: Checkup) => void
  /** SHA-256 (hex) of an object's bytes in the store itself. Default: of the local copy that the store gives. */
  readonly digestOf?: (path: string) => Promise<string | undefined>
  /** What is wrong with the signature of a readable plan; undefined if nothing is. */
  readonly planFault?: (plan: Plan) => string | undefined
  /** The same of a checkpoint. */
  readonly checkpointFault?: (checkpoint: Checkpoint) => string | undefined
}

/** What the checks of one examination share. */
export interface Examination extends CheckupOptions, Checkup {
  readonly store: ArtifactStore
  readonly at: Layout
  readonly broken: Set<string>
  /** Digests of code whose name does not tell its own; read when they are needed. */
  pins?: Promise<ReadonlyMap<string, string>>
}
