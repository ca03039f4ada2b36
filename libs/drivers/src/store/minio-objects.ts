import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import * as fs from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import { CairnError } from '@cairn/kernel/runtime'
import { digestIn, type Copy, type objectCache } from './minio-cache.ts'
import { codeOf, type Connection } from './minio-connection.ts'
import { digestOfFile } from './minio-digest.ts'
import { unlessMissing } from './minio-records.ts'

/** Bytes. Measured: smaller parts cost requests, larger ones and more at once gain nothing. */
const PART = 16 << 20
const PARTS_AT_ONCE = 4
/** Bytes; the server copies a part without an answer meanwhile. */
const COPIED_PART = 256 << 20
/** The most that S3 allows. */
const MOST_PARTS = 10_000
/** Bytes that go to or come from a file at one time. */
const PIECE = 1 << 20

interface Part {
  readonly number: number
  readonly start: number
  /** Behind its last byte. */
  readonly end: number
}
interface Remote {
  readonly size: number
  readonly etag: string
  readonly modified: number
}

/** Bytes under their digest: moved whole where they are few, else in parts, several at once. */
export function minioObjects(connection: Connection, cache: ReturnType<typeof objectCache>) {
  const { client, unsigned, bucket } = connection
  const at = (path: string) => ({ bucketName: bucket, objectName: connection.key(path) })

  const stat = (path: string): Promise<Remote | undefined> =>
    connection.call('be read', path, async () => {
      const found = await unlessMissing(() => client.statObject(bucket, connection.key(path)))
      if (found) return { size: found.size, etag: `"${found.etag}"`, modified: lastMoment(found.lastModified) }
      await bucketIsThere(path)
      return undefined
    })

  /** An answer without a body, as to HEAD, does not tell a missing bucket from a missing object. */
  let isThere: Promise<unknown> | undefined
  const bucketIsThere = (path: string) =>
    (isThere ??= client.listObjectsV2Query(bucket, connection.key(path), '', '/', 1, '').catch((error: unknown) => {
      isThere = undefined
      throw error
    }))

  /** The server compares the bytes with their SHA-256, which for an object is at hand: it is in the path. */
  const putWhole = (path: string, bytes: Buffer): Promise<string> => {
    const digest = digestIn(path) ?? createHash('sha256').update(bytes).digest('hex')
    const headers = { 'content-length': bytes.length }
    return connection.transfer('be written', path, async () =>
      done(await client.makeRequestStreamAsync({ method: 'PUT', ...at(path), headers }, bytes, digest, [200], '')),
    )
  }

  const inParts = async (
    path: string,
    size: number,
    partSize: number,
    send: (part: Part, upload: string) => Promise<string>,
  ): Promise<Remote> => {
    const { objectName } = at(path)
    const transfer = <Result>(work: () => Promise<Result>) => connection.transfer('be written', path, work)
    const upload = await transfer(() => client.initiateNewMultipartUpload(bucket, objectName, {}))
    try {
      const parts = partsOf(size, Math.max(partSize, Math.ceil(size / MOST_PARTS)))
      const etags = await inParallel(parts, PARTS_AT_ONCE, (part) => transfer(() => send(part, upload)))
      await transfer(() =>
        client
          .completeMultipartUpload(
            bucket,
            objectName,
            upload,
            etags.map((etag, index) => ({ part: index + 1, etag })),
          )
          .catch((error: unknown) => {
            if (codeOf(error) !== 'NoSuchUpload') throw error // else completed before, and the answer was lost
          }),
      )
    } catch (error) {
      await client.abortMultipartUpload(bucket, objectName, upload).catch(() => {})
      throw error
    }
    const stored = await stat(path)
    if (stored?.size === size) return stored
    throw connection.error(
      'be written',
      path,
      new Error(`${size} bytes were sent, and ${stored?.size ?? 'none'} stored`),
    )
  }

  const putParts = (path: string, size: number, read: (start: number, end: number) => Readable | Buffer) =>
    inParts(path, size, PART, async ({ number, start, end }, upload) => {
      const query = `partNumber=${number}&uploadId=${encodeURIComponent(upload)}`
      const headers = { 'content-length': end - start }
      const request = { method: 'PUT', ...at(path), query, headers }
      return done(await unsigned.makeRequestStreamAsync(request, read(start, end), '', [200], ''))
    })

  const store = async (path: string, content: Uint8Array | { readonly file: string }): Promise<void> => {
    if (!('file' in content)) {
      const bytes = asBuffer(content)
      if (bytes.length <= PART) await putWhole(path, bytes)
      else if ((await stat(path))?.size !== bytes.length)
        await putParts(path, bytes.length, (start, end) => bytes.subarray(start, end))
      return
    }
    const { file } = content
    const { size } = await fs.stat(file)
    const read = (start: number, end: number) => createReadStream(file, { start, end: end - 1, highWaterMark: PIECE })
    if (size <= PART) cache.take(path, await putWhole(path, await fs.readFile(file)), size, file)
    else {
      const present = await stat(path)
      const stored = present?.size === size ? present : await putParts(path, size, read)
      cache.take(path, stored.etag, size, file)
    }
    await cache.tidy()
  }

  /** Asks for the first part; the answer tells how large the object is, or that the copy at hand is it. */
  const getFirst = async (path: string, copy: Copy | undefined, file: fs.FileHandle): Promise<Copy | Remote> => {
    const headers = { range: `bytes=0-${PART - 1}`, ...(copy && { 'if-none-match': copy.etag }) }
    const request = { method: 'GET', ...at(path), headers }
    try {
      const response = await client.makeRequestAsync(request, '', [200, 206, 304])
      if (response.statusCode === 304) return (await done(response), copy!)
      await file.truncate()
      await writePieces(response, file, 0)
      return remoteOf(response)
    } catch (error) {
      if (codeOf(error) !== 'InvalidRange') throw error // else there is no first byte: it is empty
      const { headers } = await client.makeRequestAsyncOmit({ method: 'HEAD', ...at(path) })
      return remoteOf({ headers })
    }
  }

  const getPart = async (path: string, etag: string, { start, end }: Part, file: fs.FileHandle): Promise<void> => {
    const headers = { range: `bytes=${start}-${end - 1}`, 'if-match': etag }
    await writePieces(await client.makeRequestAsync({ method: 'GET', ...at(path), headers }, '', [206]), file, start)
  }

  const download = async (path: string): Promise<string | undefined> => {
    const transfer = <Result>(work: () => Promise<Result>) => connection.transfer('be read', path, work)
    const name = cache.newFile()
    const file = await fs.open(name, 'wx', 0o444)
    try {
      const found = await transfer(() => unlessMissing(() => getFirst(path, cache.find(path), file)))
      if (!found || 'file' in found) return found?.file
      const { size, etag } = found
      await inParallel(partsOf(size, PART).slice(1), PARTS_AT_ONCE, (part) =>
        transfer(() => getPart(path, etag, part, file)),
      )
      const came = (await file.stat()).size
      if (came !== size)
        throw connection.error('be read', path, new Error(`${size} bytes were announced, and ${came} came`))
      await verify(path, name, size)
      return cache.keep(path, etag, size, name)
    } finally {
      await file.close()
      await fs.rm(name, { force: true })
      await cache.tidy()
    }
  }

  const verify = async (path: string, file: string, size: number): Promise<void> => {
    const digest = digestIn(path)
    const found = digest && (await digestOfFile(file, size))
    if (found === digest) return
    throw new CairnError('CORRUPT', `${path} in ${connection.describe} holds other bytes, of digest ${found}`, {
      next: 'cairn doctor --repair takes it out of use; the next run then computes it again',
    })
  }

  const fetching = new Map<string, Promise<string | undefined>>()

  return {
    stat,
    put: (path: string, content: Uint8Array | { readonly file: string }) =>
      store(path, content).catch((error: unknown) => {
        throw connection.error('be written', path, error)
      }),
    /** One download at a time of each object; a second one where it was stored anew meanwhile, or damaged on its way. */
    fetch: (path: string): Promise<string | undefined> => {
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
    },
    /** Within the server. */
    copy: async (from: string, to: string, { size }: Remote): Promise<void> => {
      const source = `${bucket}/${connection.key(from)}`
      if (size <= COPIED_PART) {
        await connection.transfer('be moved', from, () => client.copyObject(bucket, connection.key(to), source))
        return
      }
      const { objectName } = at(to)
      await inParts(to, size, COPIED_PART, async ({ number, start, end }, uploadID) => {
        const headers = {
          'x-amz-copy-source': source.split('/').map(encodeURIComponent).join('/'),
          'x-amz-copy-source-range': `bytes=${start}-${end - 1}`,
        }
        const part = { bucketName: bucket, objectName, uploadID, partNumber: number, headers }
        return (await client.uploadPart(part)).etag
      })
    },
  }
}

function partsOf(size: number, partSize: number): Part[] {
  return Array.from({ length: Math.ceil(size / partSize) }, (_, index) => ({
    number: index + 1,
    start: index * partSize,
    end: Math.min(size, (index + 1) * partSize),
  }))
}

/** Resolves, or rejects with the first error, when all that has been begun has ended. */
async function inParallel<Item, Result>(
  items: readonly Item[],
  atOnce: number,
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = []
  let next = 0
  const lane = async () => {
    try {
      for (let index: number; (index = next++) < items.length;) results[index] = await work(items[index]!)
    } catch (error) {
      next = items.length
      throw error
    }
  }
  const lanes = await Promise.allSettled(Array.from({ length: Math.min(atOnce, items.length) }, lane))
  for (const ended of lanes) if (ended.status === 'rejected') throw ended.reason
  return results
}

/** Gathers what comes: a write for each of the network's pieces would cost more than they do. */
async function writePieces(response: Readable, file: fs.FileHandle, start: number): Promise<void> {
  let at = start
  let held: Buffer[] = []
  let size = 0
  const write = async () => {
    const { bytesWritten } = await file.writev(held, at)
    if (bytesWritten < size) throw Object.assign(new Error('no space left for its local copy'), { code: 'ENOSPC' })
    at += size
    held = []
    size = 0
  }
  for await (const piece of response as AsyncIterable<Buffer>) {
    held.push(piece)
    size += piece.length
    if (size >= PIECE) await write()
  }
  if (size > 0) await write()
}

/** Reads an answer to its end, without which its connection is not free; gives its tag. */
async function done(response: IncomingMessage): Promise<string> {
  for await (const _ of response);
  return response.headers.etag ?? ''
}

function remoteOf({ headers }: Pick<IncomingMessage, 'headers'>): Remote {
  const whole = headers['content-range']?.split('/')[1] ?? headers['content-length']
  return {
    size: Number(whole),
    etag: headers.etag!,
    modified: lastMoment(new Date(headers['last-modified']!)),
  }
}

/** HTTP tells whole seconds. Collection must not take young for old, so it is the last moment of the second. */
export function lastMoment(modified: Date): number {
  const time = modified.getTime()
  return time % 1000 === 0 ? time + 999 : time
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
