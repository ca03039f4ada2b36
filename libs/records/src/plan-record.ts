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
  /** The run that this run is based on: it provides the outputs of what is not run, or is repeated. */
  readonly parent?: string
  /** Digest of the submission that it was planned for. Two submissions never share a run. */
  readonly submission?: string
  /** The run waits in the queue until the limit on concurrent runs allows it. */
  readonly queued?: true
  /** The playground of the run; absent in production. */
  readonly playground?: string
  /** Only a part of the pipeline was requested. Such a run cannot be promoted. */
  readonly partial?: true
  readonly params: Readonly<Record<string, Json>>
  /** The parameters that were set by hand: those of the pipeline by name, those of a step as `<node>.<name>`. */
  readonly settings?: Readonly<Record<string, Json>>
  /** Outputs set or sampled by hand. A run with any is never promotable. */
  readonly taints?: readonly Taint[]
  readonly steps: Readonly<Record<string, PlannedStep>>
  /** In order: each node comes after the nodes that it reads. */
  readonly nodes: Readonly<Record<string, PlannedNode>>
  readonly outputs: Readonly<Record<string, Ref>>
  /** Signature of the service that made the plan. Hosts of services run no plan without one; a local run has none. */
  readonly signature?: Signature
}

/** An output that was set, sampled or selected by hand. */
export interface Taint {
  readonly node: string
  readonly output: string
  /** What was done, such as `set by hand` or `cut to 1,000 of 3,000,000 rows`. */
  readonly how: string
}

/** The code of a step, the kinds of its outputs, and its policies, as fixed by planning. */
export interface PlannedStep {
  readonly code: PinnedCode
  /** The code of the step's `catch`. */
  readonly fallback?: PinnedCode
  /** Whether the step reads from outside the pipeline. */
  readonly source: boolean
  readonly outputs: Readonly<Record<string, KindDescription>>
  /** Absent: a failed attempt is not retried. */
  readonly retry?: PlannedRetry
  /** Time limit for one item in milliseconds, from the start of its body. Absent: no limit. */
  readonly timeoutMs?: number
  /** Limit in bytes. */
  readonly memory?: number
  /** Whether and for how long results are reused. Absent: always, without limit. */
  readonly cache?: PlannedCache
  /** Names of the secrets that the step receives. */
  readonly secrets?: readonly string[]
}
/** Code that cannot be pinned carries the reason in `inline`. It runs in process and is not cached. */
export type PinnedCode = PinnedClosure | { readonly inline: string }
/** Stored code, which is exactly what the run executes. */
export interface PinnedClosure extends Required<CodeName> {
  /** SHA-256 (hex) of the packages that it loads and where from. */
  readonly packages: string
}
export interface PlannedRetry {
  readonly times: number
  readonly backoffMs: number
  readonly maxBackoffMs: number
  readonly on?: readonly string[]
}
/** `never` carries the reason: it was requested, or the code reaches something that its author has not acknowledged. */
export type PlannedCache = { readonly never: string } | { readonly maxAgeMs: number }

/** A node of a plan: a step, an `each` or a `when`, or a node that is not run. */
export type PlannedNode = PlannedStepNode | PlannedEach | PlannedWhen | Given
interface Placed {
  readonly scope: readonly string[]
  readonly guards: readonly PlannedGuard[]
}
/** An arm of a `when`. A node in it runs when the condition equals `arm`. */
export interface PlannedGuard {
  readonly when: string
  readonly condition: Condition
  readonly arm: boolean
}
/** The condition of a `when`: a boolean output of a node, or a value that was known when the run was planned. */
export type Condition = Ref | { readonly value: boolean }
/** A node that runs a step. */
export interface PlannedStepNode extends Placed {
  readonly type: 'step'
  /** Name of the step in `steps` of the plan. */
  readonly step: string
  readonly inputs: Readonly<Record<string, Ref>>
  readonly params: Readonly<Record<string, Json>>
  /** Of a source: the version of each thing that it reads, as seen by planning. */
  readonly versions?: Readonly<Record<string, string>>
  /** Of a source: what it reads from other pipelines. */
  readonly production?: Readonly<Record<string, PinnedOutput>>
  /**
   * Of a source whose version could not be read: why. The node fails with this error, and what reads it does not run.
   */
  readonly unread?: ErrorRecord
  /** Compute even if there is a checkpoint, and replace it. */
  readonly force?: boolean
}
/** An output of the run that was in production when the run was planned. Its objects are copied to this pipeline. */
export interface PinnedOutput {
  readonly pipeline: string
  readonly run: string
  /** `<step>/<output>` */
  readonly output: string
  readonly artifact: ArtifactRef
}
/** A node that runs its body for each item of a list. The body is every node whose scope contains it. */
export interface PlannedEach extends Placed {
  readonly type: 'each'
  /** The list whose items it maps over. */
  readonly over: Ref
  /** Maximum number of items in one task. */
  readonly batch: number
  /** How many items may fail without failing the node. */
  readonly tolerate: Tolerance
  /** Its outputs, by name: outputs of its body, collected as lists. */
  readonly collects: Readonly<Record<string, Ref>>
}
/** A node that passes on the outputs of the arm that its condition selects. */
export interface PlannedWhen extends Placed {
  readonly type: 'when'
  readonly condition: Condition
  /** Its outputs, by name, if the condition is true. */
  readonly then: Readonly<Record<string, Ref>>
  /** Its outputs, by name, if the condition is false. */
  readonly otherwise: Readonly<Record<string, Ref>>
}
/** A node that is not run. It takes its outputs from another run, or from a value that a person set. */
export interface Given extends Placed {
  readonly type: 'given'
  /** The run that its outputs are from, or `OVERRIDDEN`. */
  readonly from: string
  readonly outputs: Readonly<Record<string, ArtifactRef>>
}
/** Where the outputs of a given node are from that somebody set by hand. It is not a valid name of a run. */
export const OVERRIDDEN = 'an override'
