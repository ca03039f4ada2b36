import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { CairnError } from '@cairn/kernel'
import { isPublicKey, type Identity, type PublicKeys } from '@cairn/records'

/**
 * Reads the identity that this process signs its results with: `CAIRN_IDENTITY`, a name, and `CAIRN_SIGNING_KEY`, the
 * file of its private key (Ed25519, PEM). Returns undefined if neither is set.
 *
 * @throws CairnError BAD_PARAMETER if only one of them is set, or the key is not valid
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
 * Reads the public keys whose plans this process runs from the JSON file `CAIRN_PLANS_BY`, by name of the identity.
 *
 * @throws CairnError BAD_PARAMETER if the file is not valid, or if the variable is not set: without it, anyone who can
 * write plans to the store could run code here
 */
export function planSignersOf(env: NodeJS.ProcessEnv): PublicKeys {
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

/** Returns the public key of an identity: SPKI, in base64. */
export function publicKeyOf({ key }: Pick<Identity, 'key'>): string {
  return createPublicKey(key).export({ type: 'spki', format: 'der' }).toString('base64')
}

/** Generates a private key for signing (Ed25519, PKCS #8, PEM). */
export function newSigningKey(): string {
  return generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
}
