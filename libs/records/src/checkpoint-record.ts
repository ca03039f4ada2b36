import type { ArtifactRef, Json } from '@cairn/kernel'
import type { Signature } from './signature-record.ts'

/** A result that can stand in for computing it again. */
export interface Checkpoint {
  readonly v: number
  readonly step: string
  readonly key: string
  readonly fingerprint: string
  /** SHA-256 (hex) of the code that computed it, as it is stored; checkpoints of earlier versions do not say. */
  readonly code?: string
  readonly params: Readonly<Record<string, Json>>
  readonly inputs: Readonly<Record<string, string>>
  readonly versions?: Readonly<Record<string, string>>
  readonly outputs: Readonly<Record<string, ArtifactRef>>
  readonly producer: { readonly run: string; readonly task: string; readonly host: string }
  readonly computedAt: number
  readonly ms: number
  /** How often it was computed anew, by force or because it had grown too old. */
  readonly generation: number
  /** Of the service that computed it, where services vouch for what they compute. */
  readonly signature?: Signature
}
