import { createPublicKey, sign, verify, type KeyObject } from 'node:crypto'
import { CairnError, canonical } from '@cairn/kernel'
import type { Checkpoint } from './checkpoint-record.ts'
import type { Plan } from './plan-record.ts'
import type { Signature } from './signature-record.ts'

/** A service that signs records: its name and private key (Ed25519). */
export interface Identity {
  readonly name: string
  readonly key: KeyObject
}

/** Public keys (SPKI, base64) by identity. */
export type PublicKeys = Readonly<Record<string, string>>

/** Whether a text is an Ed25519 public key (SPKI, base64). */
export function isPublicKey(key: unknown): key is string {
  try {
    const { asymmetricKeyType } = createPublicKey({
      key: Buffer.from(key as string, 'base64'),
      format: 'der',
      type: 'spki',
    })
    return asymmetricKeyType === 'ed25519'
  } catch {
    return false
  }
}

/** Returns the checkpoint with a signature of everything but its generation. An earlier signature is replaced. */
export function signed(checkpoint: Checkpoint, identity: Identity): Checkpoint {
  return { ...checkpoint, signature: signatureOf(textOf(checkpoint), identity) }
}

/**
 * Whether one of the given identities signed the checkpoint, and it has not been changed since. Its generation is not
 * part of what is signed.
 *
 * @param trusted the public keys of the accepted identities
 */
export function isTrusted(checkpoint: Checkpoint, trusted: PublicKeys): boolean {
  return isSigned(textOf(checkpoint), checkpoint.signature, trusted)
}

/** Returns the plan with a signature of all of it. An earlier signature is replaced. */
export function signedPlan(plan: Plan, identity: Identity): Plan {
  return { ...plan, signature: signatureOf(textOfPlan(plan), identity) }
}

/**
 * Requires that one of the given identities signed the plan. A plan pins the code of each step by its digest, so this
 * decides what a host runs.
 *
 * @throws CairnError REFUSED for any other plan
 */
export function requireSigned(plan: Plan, by: PublicKeys): void {
  if (isSigned(textOfPlan(plan), plan.signature, by)) return
  const what = plan.signature === undefined ? 'is not signed' : `does not match the signature of ${plan.signature.by}`
  throw new CairnError(
    'REFUSED',
    `the plan of run ${plan.run} ${what}; only plans signed by ${names(by)} are accepted here`,
    {
      next: `plan it again: cairn run ${plan.pipeline} --on ${plan.env}`,
    },
  )
}

function names(keys: PublicKeys): string {
  return Object.keys(keys).join(', ') || 'no one'
}

/** The prefix keeps the signature of a plan from being valid for another record. */
function textOfPlan({ signature: _, ...plan }: Plan): Buffer {
  return Buffer.from(`plan\n${canonical(plan)}`)
}

function textOf({ signature: _, generation: __, ...signed }: Checkpoint): Buffer {
  return Buffer.from(canonical(signed))
}

function signatureOf(text: Buffer, { name, key }: Identity): Signature {
  return { by: name, value: sign(null, text, key).toString('base64') }
}

function isSigned(text: Buffer, signature: Signature | undefined, by: PublicKeys): boolean {
  const known = signature && Object.hasOwn(by, signature.by) ? by[signature.by] : undefined
  if (typeof signature?.value !== 'string' || known === undefined) return false
  const key = createPublicKey({ key: Buffer.from(known, 'base64'), format: 'der', type: 'spki' })
  return verify(null, text, key, Buffer.from(signature.value, 'base64'))
}
