import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline as pipe } from 'node:stream/promises'
import { mismatchedOutput, decodeRecord, isTrusted, type ArtifactStore, type Checkpoint } from '@cairn/records'
import { CairnError } from '@cairn/kernel'

interface Folder {
  readonly env: string
  readonly pipeline: string
}

/** Only results may be uploaded: no code, nothing that starts a run, and no references. */
const CHECKPOINT = /^checkpoints\/[\w-]+\/[\w-]+$/
const OBJECT = /^objects\/([0-9a-f]{2})\/(\1[0-9a-f]{62})$/
const MAX_RECORD_BYTES = 16 * 2 ** 20

/** If the project trusts services, one of them must have signed a checkpoint. */
interface Receiving extends Folder {
  readonly trusted: Readonly<Record<string, string>>
}

/**
 * @returns false if the record already exists; it is not replaced
 * @throws CairnError BAD_RECORD if an inline output does not match its digest
 */
export async function receiveRecord(
  store: ArtifactStore,
  receiving: Receiving,
  path: string,
  body: Readable,
): Promise<boolean> {
  if (!CHECKPOINT.test(path)) throw refused(path)
  const bytes = await collect(body, path)
  const checkpoint = decodeRecord<Checkpoint>(bytes, path)
  const altered = mismatchedOutput(checkpoint)
  if (altered !== undefined) throw new CairnError('BAD_RECORD', `${path} was refused: ${altered}`)
  requireTrusted(checkpoint, path, receiving)
  return store.create(`${receiving.env}/${receiving.pipeline}/${path}`, bytes)
}

function requireTrusted(checkpoint: Checkpoint, path: string, { trusted }: Receiving): void {
  const names = Object.keys(trusted)
  if (names.length === 0 || isTrusted(checkpoint, trusted)) return
  throw new CairnError('REFUSED', `${path} is not signed by a trusted service`, {
    next: `let a trusted service compute it: ${names.join(', ')}`,
  })
}

/** @throws CairnError BAD_RECORD if the bytes do not match the digest in their name */
export async function receiveObject(
  store: ArtifactStore,
  { env, pipeline }: Folder,
  path: string,
  body: Readable,
): Promise<void> {
  const [, , digest] = OBJECT.exec(path) ?? []
  if (digest === undefined) throw refused(path)
  const folder = await store.scratch()
  try {
    const [file, hash] = [join(folder, digest), createHash('sha256')]
    body.on('data', (bytes: Buffer) => hash.update(bytes))
    await pipe(body, createWriteStream(file))
    if (hash.digest('hex') !== digest)
      throw new CairnError('BAD_RECORD', `the bytes of ${path} do not match the digest in its name`)
    await store.put(`${env}/${pipeline}/${path}`, { file })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function collect(body: Readable, path: string): Promise<Buffer> {
  const parts: Buffer[] = []
  let size = 0
  for await (const part of body as AsyncIterable<Buffer>) {
    size += part.length
    if (size > MAX_RECORD_BYTES)
      throw new CairnError(
        'BAD_RECORD',
        `${path} is larger than ${MAX_RECORD_BYTES} bytes, the most that a record may have`,
      )
    parts.push(part)
  }
  return Buffer.concat(parts)
}

function refused(path: string): CairnError {
  return new CairnError('BAD_PARAMETER', `${path} cannot be uploaded: only checkpoints and objects can`, {
    next: 'cairn push, which copies the results of local runs',
  })
}
