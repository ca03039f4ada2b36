import { createPrivateKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { CairnError, type Identity } from '@cairn/kernel/runtime'

/**
 * As whom this process vouches for what it computes: `CAIRN_IDENTITY`, a name, and `CAIRN_SIGNING_KEY`, the file of its
 * private key (Ed25519, PEM). Undefined where neither is set.
 */
export function identityOf(env: NodeJS.ProcessEnv): Identity | undefined {
  const { CAIRN_IDENTITY: name, CAIRN_SIGNING_KEY: file } = env
  if (!name && !file) return undefined
  const next = 'openssl genpkey -algorithm ed25519 -out stage.pem; CAIRN_IDENTITY=stage CAIRN_SIGNING_KEY=stage.pem'
  if (!name || !file)
    throw new CairnError('BAD_PARAMETER', 'CAIRN_IDENTITY and CAIRN_SIGNING_KEY are needed together', { next })
  try {
    const key = createPrivateKey(readFileSync(file))
    if (key.asymmetricKeyType === 'ed25519') return { name, key }
    throw new Error(`it is a key for ${key.asymmetricKeyType}`)
  } catch (cause) {
    throw new CairnError('BAD_PARAMETER', `${file} is no key to sign with: ${(cause as Error).message}`, {
      cause,
      next,
    })
  }
}
