import { createPublicKey, sign, verify, type KeyObject } from 'node:crypto'
import { canonical } from '../json.ts'
import type { Checkpoint } from './records.ts'

/** Who vouches for a record: a service, by its name and its private key (Ed25519). */
export interface Identity {
  readonly name: string
  readonly key: KeyObject
}
export interface Signature {
  /** Name of the identity. */
  readonly by: string
  /** Over the whole record but for its generation, in base64. */
  readonly value: string
}

export function signed(checkpoint: Checkpoint, { name, key }: Identity): Checkpoint {
  return { ...checkpoint, signature: { by: name, value: sign(null, textOf(checkpoint), key).toString('base64') } }
}

/** @param trusted public keys (SPKI, base64) by the names of the identities */
export function isTrusted(checkpoint: Checkpoint, trusted: Readonly<Record<string, string>>): boolean {
  const { signature } = checkpoint
  const known = signature && Object.hasOwn(trusted, signature.by) ? trusted[signature.by] : undefined
  if (typeof signature?.value !== 'string' || known === undefined) return false
  const key = createPublicKey({ key: Buffer.from(known, 'base64'), format: 'der', type: 'spki' })
  return verify(null, textOf(checkpoint), key, Buffer.from(signature.value, 'base64'))
}

function textOf({ signature: _, generation: __, ...signed }: Checkpoint): Buffer {
  return Buffer.from(canonical(signed))
}
