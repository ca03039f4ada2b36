import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { CairnError } from '@cairn/kernel'
import type { Identity, PublicKeys } from '@cairn/records'

/**
 * As whom this process vouches for what it computes: `CAIRN_IDENTITY`, a name, and `CAIRN_SIGNING_KEY`, the file of its
 * private key (Ed25519, PEM). Undefined where neither is set.
 */
export function identityOf(env: NodeJS.ProcessEnv): Identity | undefined {
  const { CAIRN_IDENTITY: name, CAIRN_SIGNING_KEY: file } = env
  if (!name && !file) return undefined
  const next = 'openssl genpkey -algorithm ed25519 -out stage.pem; CAIRN_IDENTITY=stage CAIRN_SIGNING_KEY=stage.pem'
  if (!name || !file)
    throw new CairnError('BAD_PARAMETER', 'CAIRN_IDENTITY and CAIRN_SIGNING_KEY must be set together', { next })
  try {
    const key = createPrivateKey(readFileSync(file))
    if (key.asymmetricKeyType === 'ed25519') return { name, key }
    throw new Error(`its type is ${key.asymmetricKeyType}, not ed25519`)
  } catch (cause) {
    throw new CairnError('BAD_PARAMETER', `${file} is not a valid signing key: ${(cause as Error).message}`, {
      cause,
      next,
    })
  }
}

/**
 * Whose plans this process runs: `CAIRN_PLANS_BY`, a JSON file of public keys by the names of the identities.
 *
 * @throws CairnError BAD_PARAMETER where it is not set: whoever may write plans into the store could else have code run
 */
export function plansByOf(env: NodeJS.ProcessEnv): PublicKeys {
  const { CAIRN_PLANS_BY: file } = env
  const next = 'CAIRN_PLANS_BY=plans-by.json, with {"control": "<public key, SPKI in base64>"}: see docs/security.md'
  if (!file)
    throw new CairnError('BAD_PARAMETER', 'CAIRN_PLANS_BY is not set, so no service is trusted to sign plans', { next })
  try {
    const keys = JSON.parse(readFileSync(file, 'utf8')) as unknown
    if (typeof keys !== 'object' || keys === null || Array.isArray(keys)) throw new Error('it is not a JSON object')
    for (const [name, key] of Object.entries(keys))
      if (!isPublicKey(key)) throw new Error(`the key of ${name} is not an Ed25519 public key`)
    return keys as PublicKeys
  } catch (cause) {
    const message = `${file} is not a valid list of trusted plan signers: ${(cause as Error).message}`
    throw new CairnError('BAD_PARAMETER', message, { cause, next })
  }
}

function isPublicKey(key: unknown): key is string {
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

/** What others know an identity by: SPKI, in base64. */
export function publicKeyOf({ key }: Pick<Identity, 'key'>): string {
  return createPublicKey(key).export({ type: 'spki', format: 'der' }).toString('base64')
}

/** A key to sign with, PEM, made anew. */
export function newSigningKey(): string {
  return generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
}
