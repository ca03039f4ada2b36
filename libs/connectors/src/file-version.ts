import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { pipeline as pump } from 'node:stream/promises'
import { whyNoFile } from '@cairn/files'
import { CairnError, type ConnectorContext } from '@cairn/kernel'

/**
 * Returns the SHA-256 of a file's content. The content of an unchanged file is read only once.
 *
 * @param name what people call the file
 * @throws CairnError SOURCE_UNREACHABLE when it cannot be read
 */
export async function fileVersion(path: string, name: string, context: ConnectorContext): Promise<string> {
  try {
    const found = await stat(path, { bigint: true })
    const reason = whyNoFile(found)
    if (reason !== undefined) throw new Error(`${reason}, but a source reads a single file`)
    const { size, mtimeNs, ctimeNs, ino } = found
    const digest = () => fileDigest(path, context.signal)
    // The digest of a recently changed file is not remembered: another change within the same tick of the file
    // system's clock would leave the same times.
    if (Date.now() - Number(mtimeNs / 1_000_000n) < 2_000) return await digest()
    return await context.remember(`${path} ${size} ${mtimeNs} ${ctimeNs} ${ino}`, digest)
  } catch (cause) {
    throw new CairnError('SOURCE_UNREACHABLE', `${name} cannot be read: ${(cause as Error).message}`, {
      cause,
      next: `check ${path}, or change the path that the source reads`,
    })
  }
}

async function fileDigest(path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256')
  await pump(createReadStream(path, { highWaterMark: 1 << 20 }), hash, { signal })
  return hash.digest('hex')
}
