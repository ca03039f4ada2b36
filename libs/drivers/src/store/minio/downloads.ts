import { hash } from 'node:crypto'
import { existsSync } from 'node:fs'
import * as fs from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { CairnError } from '@cairn/kernel'
import { fileStamp, fullDiskCode, markVerified } from '@cairn/files'
import { mapConcurrently } from '@cairn/records'
import { digestIn, type Copy, type objectCache } from './cache.ts'
import { drained, codeOf, type MinioConnection } from './connection.ts'
import { ProgressiveDigest } from './digest.ts'
import { PART, PARTS_AT_ONCE, partsOf, PIECE, type ObjectPart } from './parts.ts'
import { unlessMissing } from './records.ts'
import { remoteOf, type Remote } from './stat.ts'

/** Paths of code whose name contains a hash of its text, so that a copy is never out of date. */
const IMMUTABLE = /\/code\/[0-9a-f]+-[0-9a-f]{16}\.(mjs|json)$/

const TRIES = 3

/** Downloads objects to the cache: small ones in one request, large ones in parallel parts. */
export function minioDownloads(
  connection: MinioConnection,
  cache: ReturnType<typeof objectCache>,
): (path: string) => Promise<string | undefined> {
  const { client, bucket } = connection
  const at = (path: string) => ({ bucketName: bucket, objectName: connection.key(path) })

  /** Downloads the first part. The response contains the size of the object, or confirms that the copy is current. */
  const getFirst = async (path: string, copy: Copy | undefined, file: fs.FileHandle): Promise<Copy | Remote> => {
    const headers = { range: `bytes=0-${PART - 1}`, ...(copy && { 'if-none-match': copy.etag }) }
    const request = { method: 'GET', ...at(path), headers }
    try {
      const response = await client.makeRequestAsync(request, '', [200, 206, 304])
      if (response.statusCode === 304) {
        await drained(response)
        return existsSync(copy!.file) ? copy! : await getFirst(path, undefined, file) // the copy was deleted
      }
      await file.truncate()
      const remote = remoteOf(response)
      await cache.eviction.makeRoom(remote.size)
      await writePart(response, file, { number: 1, start: 0, end: Math.min(PART, remote.size) }, remote.size)
      return remote
    } catch (error) {
      if (codeOf(error) !== 'InvalidRange') throw error // otherwise the object is empty
      const { headers } = await client.makeRequestAsyncOmit({ method: 'HEAD', ...at(path) })
      return remoteOf({ headers })
    }
  }

  const getPart = async (
    path: string,
    { etag, size }: Remote,
    part: ObjectPart,
    file: fs.FileHandle,
  ): Promise<void> => {
    const headers = { range: `bytes=${part.start}-${part.end - 1}`, 'if-match': etag }
    await writePart(await client.makeRequestAsync({ method: 'GET', ...at(path), headers }, '', [206]), file, part, size)
  }

  const downloadOnce = async (path: string): Promise<string | undefined> => {
    const transfer = <Result>(work: () => Promise<Result>) => connection.transfer('be read', path, work)
    const name = cache.newFile()
    const file = await fs.open(name, 'wx', 0o444)
    let hashing: ProgressiveDigest | undefined
    try {
      const found = await transfer(() => unlessMissing(() => getFirst(path, cache.find(path), file)))
      if (!found || 'file' in found) return found?.file
      const { size, etag } = found
      const digest = digestIn(path)
      if (digest !== undefined && size > PART) hashing = new ProgressiveDigest(name)
      hashing?.written(0, PART)
      const load = async (part: ObjectPart) => {
        await transfer(() => getPart(path, found, part, file))
        hashing?.written(part.start, part.end)
      }
      await mapConcurrently(partsOf(size, PART).slice(1), load, PARTS_AT_ONCE)
      const computed = hashing ? await hashing.result() : digest && hash('sha256', await fs.readFile(name))
      if (computed !== digest) throw corrupt(path, computed)
      const kept = cache.keep(path, etag, size, name)
      if (digest !== undefined) markVerified(digest, fileStamp(kept))
      return kept
    } finally {
      hashing?.close()
      await file.close()
      await fs.rm(name, { force: true })
      await cache.tidy()
    }
  }

  /** Retries after an error of this machine, if copies were deleted to make room, or the folder was removed. */
  const download = async (path: string): Promise<string | undefined> => {
    const known = IMMUTABLE.test(path) ? cache.find(path) : undefined
    if (known) return known.file
    for (let tries = 1; ; tries++) {
      try {
        return await downloadOnce(path)
      } catch (error) {
        const code = localCode(error)
        const mayRetry = code === 'ENOENT' || (fullDiskCode({ code }) && (await cache.eviction.evict()) > 0)
        if (mayRetry && tries < TRIES) continue
        throw code === 'ENOENT' ? removed(error) : error
      }
    }
  }

  const removed = (cause: unknown) =>
    new CairnError('HOST_FAILED', `could not write the local copy of an object: ${(cause as Error).message}`, {
      cause,
      next: 'something deletes files in CAIRN_SCRATCH while Cairn uses them: find it and exclude that folder',
    })
  const corrupt = (path: string, found: string | undefined) =>
    new CairnError('CORRUPT', `${path} in ${connection.describe} is damaged: the digest of its bytes is ${found}`, {
      next: 'run cairn doctor --repair to move it out of use; the next run then computes it again',
    })

  const fetching = new Map<string, Promise<string | undefined>>()

  /**
   * Shares concurrent downloads of an object. Repeats one if the object was replaced or its bytes arrived damaged.
   */
  return (path) => {
    const again = (error: unknown) => {
      const failure = connection.error('be read', path, error)
      if (failure.code === 'CORRUPT' || codeOf(failure.cause) === 'PreconditionFailed') return download(path)
      throw failure
    }
    const running =
      fetching.get(path) ??
      download(path)
        .catch(again)
        .finally(() => fetching.delete(path))
    fetching.set(path, running)
    return running
  }
}

/** Returns the code of a system error, or ''. */
function localCode(error: unknown): string {
  return codeOf(error instanceof CairnError ? error.cause : error) ?? ''
}

/**
 * Writes a part to its position in the file, 1 MiB at a time, which is cheaper than one write for each network chunk.
 *
 * @throws Error ECONNRESET, which is retried, if the server did not send the requested range
 */
async function writePart(
  response: IncomingMessage,
  file: fs.FileHandle,
  part: ObjectPart,
  whole: number,
): Promise<void> {
  const range = `bytes ${part.start}-${part.end - 1}/${whole}`
  const { 'content-range': given = range } = response.headers // missing if the object is a single part
  const other = Object.assign(new Error(`the server did not return the requested range, ${range}`), {
    code: 'ECONNRESET',
  })
  let at = part.start
  let held: Buffer[] = []
  let size = 0
  const write = async () => {
    if (at + size > part.end) throw other
    const { bytesWritten } = await file.writev(held, at)
    if (bytesWritten < size) throw Object.assign(new Error('no space left for its local copy'), { code: 'ENOSPC' })
    at += size
    held = []
    size = 0
  }
  if (given !== range) {
    response.destroy()
    throw other
  }
  for await (const piece of response as AsyncIterable<Buffer>) {
    held.push(piece)
    size += piece.length
    if (size >= PIECE) await write()
  }
  if (size > 0) await write()
  if (at !== part.end) throw other
}
