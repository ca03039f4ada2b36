import type { ErrorRecord } from './error-record.ts'
import type { Ref, Tolerance } from '@cairn/kernel/contract'
import type { CodeName } from './layout.ts'
import type { Json, ArtifactRef, KindDescription } from '@cairn/kernel'
import type { Signature } from './signature-record.ts'

/** What a run will do, fixed before it starts: wiring, parameters, code and source versions. */
export interface Plan {
  readonly v: number
  readonly run: string
  readonly env: string
  readonly pipeline: string
  readonly createdAt: number
  /** The run that this one stands on: whose outputs stand in for what is not run, or that it repeats. */
  readonly parent?: string
  /** Digest of the submission that it was planned for: two submissions never share a run. */
  readonly submission?: string
  /** It waits for its turn: it starts when a limit of how many runs go on at once leaves room for it. */
  readonly queued?: true
  /** The playground that it was run in; none of a run of production. */
  readonly playground?: string
  /** Not all of the pipeline was to be run: such a run stands for nothing but itself. */
  readonly partial?: true
  readonly params: Readonly<Record<string, Json>>
  /** The parameters that were set by hand, the pipeline's by name and a step's as `<node>.<name>`. */
  readonly settings?: Readonly<Record<string, Json>>
  /** What in it no code has made as it stands: such a run shows something, but never becomes production's. */
  readonly taints?: readonly Taint[]
  readonly steps: Readonly<Record<string, PlannedStep>>
  /** Nodes come after what they read. */
  readonly nodes: Readonly<Record<string, PlannedNode>>
  readonly outputs: Readonly<Record<string, Ref>>
  /** Of the service that made it: hosts of services run no other. A plan of one process has none. */
  readonly signature?: Signature
}

export interface Taint {
  readonly node: string
  readonly output: string
  /** What was done: `set by hand`, `cut to 1,000 of 3,000,000 rows`. */
  readonly how: string
}

export interface PlannedStep {
  readonly code: PinnedCode
  readonly fallback?: PinnedCode
  readonly source: boolean
  readonly outputs: Readonly<Record<string, KindDescription>>
  readonly retry?: PlannedRetry
  readonly timeoutMs?: number
  /** Bytes. */
  readonly memory?: number
  readonly cache?: PlannedCache
  readonly secrets?: readonly string[]
}
/** Code that cannot be pinned says why; it is run uncached, in process. */
export type PinnedCode = PinnedClosure | { readonly inline: string }
export interface PinnedClosure extends Required<CodeName> {
  /** SHA-256 (hex) of which packages it loads, and from where; plans of earlier versions do not say. */
  readonly packages?: string
}
export interface PlannedRetry {
  readonly times: number
  readonly backoffMs: number
  readonly maxBackoffMs: number
  readonly on?: readonly string[]
}
/** `never` carries the reason: asked for, or what the code reaches unacknowledged. */
export type PlannedCache = { readonly never: string } | { readonly maxAgeMs: number }

export type PlannedNode = PlannedStepNode | PlannedEach | PlannedWhen | Given
interface Placed {
  readonly scope: readonly string[]
  readonly guards: readonly PlannedGuard[]
}
/** An arm of a `when`: what stands in it runs where its condition is `arm`. */
export interface PlannedGuard {
  readonly when: string
  readonly condition: Condition
  readonly arm: boolean
}
export type Condition = Ref | { readonly value: boolean }
export interface PlannedStepNode extends Placed {
  readonly type: 'step'
  readonly step: string
  readonly inputs: Readonly<Record<string, Ref>>
  readonly params: Readonly<Record<string, Json>>
  readonly versions?: Readonly<Record<string, string>>
  /** Of a source whose version could not be asked for: why. It fails with this, and what reads it is not run. */
  readonly unread?: ErrorRecord
  /** Compute even if there is a checkpoint, and replace it. */
  readonly force?: boolean
}
export interface PlannedEach extends Placed {
  readonly type: 'each'
  readonly over: Ref
  readonly batch: number
  readonly tolerate: Tolerance
  readonly collects: Readonly<Record<string, Ref>>
}
export interface PlannedWhen extends Placed {
  readonly type: 'when'
  readonly condition: Condition
  readonly then: Readonly<Record<string, Ref>>
  readonly otherwise: Readonly<Record<string, Ref>>
}
/** Not run: the outputs of another run stand in. */
export interface Given extends Placed {
  readonly type: 'given'
  readonly step?: string
  readonly from: string
  readonly outputs: Readonly<Record<string, ArtifactRef>>
  /** Set when a run of today's code would not give these outputs: why. */
  readonly stale?: string
}
