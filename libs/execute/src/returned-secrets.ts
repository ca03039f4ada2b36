import { createReadStream } from 'node:fs'
import { openArtifact, type EncodedArtifact } from '@cairn/records'
import { CairnError, type AnyKind, type Kinds } from '@cairn/kernel'
import { longestMatch, secretIn, type Secrets } from '@cairn/secrets'

interface Returned {
  readonly step: string
  readonly secrets: Secrets
  readonly scratch: () => string
}

/**
 * Refuses outputs that contain a secret, because everyone who may read the artifact could read it.
 *
 * @throws CairnError BAD_OUTPUT that names the output and the secret
 */
export async function refuseSecrets(kinds: Kinds, made: Readonly<Record<string, EncodedArtifact>>, returned: Returned) {
  const { step, secrets } = returned
  if (Object.keys(secrets).length === 0) return
  for (const [output, artifact] of Object.entries(made)) {
    const found = await nameIn(kinds[output]!, artifact, returned)
    if (found === undefined) continue
    throw new CairnError('BAD_OUTPUT', `output "${output}" of ${step} contains the secret ${found}`, {
      next: 'remove it from the returned value; pass values that are not secret as parameters',
    })
  }
}

/** Returns the name of a secret whose whole value is in an artifact or in its record; undefined when there is none. */
async function nameIn(
  kind: AnyKind,
  { ref, content, items = [] }: EncodedArtifact,
  returned: Returned,
): Promise<string | undefined> {
  const { base64, ...record } = ref
  const texts = [JSON.stringify(record), Buffer.from(base64 ?? '', 'base64').toString()]
  const found =
    firstIn(texts, returned.secrets) ??
    (content instanceof Uint8Array ? firstIn([Buffer.from(content).toString()], returned.secrets) : undefined) ??
    (content && 'file' in content ? await inFile(kind, ref, content.file, returned) : undefined)
  if (found !== undefined) return found
  for (const item of items) {
    const inItem = await nameIn(kind.item ?? kind, item, returned)
    if (inItem !== undefined) return inItem
  }
  return undefined
}

async function inFile(
  kind: AnyKind,
  ref: EncodedArtifact['ref'],
  file: string,
  { secrets, scratch }: Returned,
): Promise<string | undefined> {
  if (kind.contains) {
    const artifact = openArtifact(ref, () => Promise.resolve(file), scratch)
    let found: string | undefined
    if (await kind.contains(artifact, (text) => (found = secretIn(text, secrets)) !== undefined)) return found
  }
  const overlap = longestMatch(secrets)
  let text = ''
  for await (const part of createReadStream(file, { encoding: 'utf8', highWaterMark: 2 ** 20 })) {
    text = text.slice(-overlap) + (part as string)
    const found = firstIn([text], secrets)
    if (found !== undefined) return found
  }
  return undefined
}

function firstIn(texts: readonly string[], secrets: Secrets): string | undefined {
  for (const text of texts) {
    const found = secretIn(text, secrets)
    if (found !== undefined) return found
  }
  return undefined
}
