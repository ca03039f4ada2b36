import type { ArtifactRef, Json } from '@cairn/kernel'
import type { Signature } from './signature-record.ts'

/** A stored result that is reused instead of computing it again. */
export interface Checkpoint {
  readonly v: number
  readonly step: string
  readonly key: string
  readonly fingerprint: string
  /** SHA-256 (hex) of the stored code that computed it. */
  readonly code: string
  readonly params: Readonly<Record<string, Json>>
  readonly inputs: Readonly<Record<string, string>>
  readonly versions?: Readonly<Record<string, string>>
  readonly outputs: Readonly<Record<string, ArtifactRef>>
  readonly producer: { readonly run: string; readonly task: string; readonly host: string }
  readonly computedAt: number
  readonly ms: number
  /** How often it was recomputed and replaced: by force, or because the one before could not be used any more. */
  readonly generation: number
  /** Signature of the service that computed it, where services sign their checkpoints. */
  readonly signature?: Signature
}
