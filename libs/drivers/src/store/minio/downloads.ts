import { hash } from 'node:crypto'
import { existsSync } from 'node:fs'
import * as fs from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { CairnError } from '@cairn/kernel'
import { fileStamp, markVerified } from '@cairn/files'
import { digestIn, type Copy, type objectCache } from './cache.ts'
import { answered, codeOf, type Connection } from './connection.ts'
import { ProgressiveDigest } from './digest.ts'
import { inParallel, PART, partsOf, PIECE, type Part } from './parts.ts'
import { unlessMissing } from './records.ts'
import { remoteOf, type Remote } from './stat.ts'

/** Stored code whose name tells its text: a copy of it is never out of date. */
const IMMUTABLE = /\/code\/[0-9a-f]+-[0-9a-f]{16}\.(mjs|json)$/

/** Codes of errors that mean a full disk. */
const FULL: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT'])
const TRIES = 3

/** Brings objects to files of the cache: few bytes whole, more in parts, several at once. */
export function minioDownloads(
  connection: Connection,
  cache: ReturnType<typeof objectCache>,
): (path: string) => Promise<string | undefined> {
  const { client, bucket } = connection
  const at = (path: string) => ({ bucketName: bucket, objectName: connection.key(path) })

  /** Asks for the first part; the answer tells how large the object is, or that the copy at hand is it. */
  const getFirst = async (path: string, copy: Copy | undefined, file: fs.FileHandle): Promise<Copy | Remote> => {
    const headers = { range: `bytes=0-${PART - 1}`, ...(copy && { 'if-none-match': copy.etag }) }
    const request = { method: 'GET', ...at(path), headers }
    try {
      const response = await client.makeRequestAsync(request, '', [200, 206, 304])
      if (response.statusCode === 304) {
        await answered(response)
        return existsSync(copy!.file) ? copy! : await getFirst(path, undefined, file) // it was deleted meanwhile
      }
      await file.truncate()
      const remote = remoteOf(response)
      await cache.eviction.makeRoom(remote.size)
      await writePart(response, file, { number: 1, start: 0, end: Math.min(PART, remote.size) }, remote.size)
      return remote
    } catch (error) {
      if (codeOf(error) !== 'InvalidRange') throw error // else there is no first byte: it is empty
      const { headers } = await client.makeRequestAsyncOmit({ method: 'HEAD', ...at(path) })
      return remoteOf({ headers })
    }
  }

  const getPart = async (path: string, { etag, size }: Remote, part: Part, file: fs.FileHandle): Promise<void> => {
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
      await inParallel(partsOf(size, PART).slice(1), async (part) => {
        await transfer(() => getPart(path, found, part, file))
        hashing?.written(part.start, part.end)
      })
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

  /** Tries again after a failure of this machine: when other copies were deleted, or the folder was created again. */
  const download = async (path: string): Promise<string | undefined> => {
    const known = IMMUTABLE.test(path) ? cache.find(path) : undefined
    if (known) return known.file
    for (let tries = 1; ; tries++) {
      try {
        return await downloadOnce(path)
      } catch (error) {
        const code = localCode(error)
        const isWorthTrying = code === 'ENOENT' || (FULL.has(code) && (await cache.eviction.evict()) > 0)
        if (isWorthTrying && tries < TRIES) continue
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

  /** One download at a time of each object; a second one where it was stored anew meanwhile, or damaged on its way. */
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

/** Which error of this machine it was, if any. */
function localCode(error: unknown): string {
  return codeOf(error instanceof CairnError ? error.cause : error) ?? ''
}

/**
 * Writes a part to its place in the file, a MiB at a time: a write for each piece that the network gives costs more.
 *
 * @throws if the server sent other bytes than were asked for: tried again
 */
async function writePart(response: IncomingMessage, file: fs.FileHandle, part: Part, whole: number): Promise<void> {
  const range = `bytes ${part.start}-${part.end - 1}/${whole}`
  const { 'content-range': given = range } = response.headers // none where all of it is one part
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
