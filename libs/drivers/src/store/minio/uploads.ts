import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import * as fs from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { requireUnchanged } from '@cairn/files'
import { mapConcurrently, type Content } from '@cairn/records'
import { digestIn, type objectCache } from './cache.ts'
import { drained, codeOf, type MinioConnection } from './connection.ts'
import { PART, PARTS_AT_ONCE, partsOf, PIECE, type ObjectPart } from './parts.ts'
import type { Remote } from './stat.ts'

/** Size of a part that the server copies, in bytes. It sends nothing until the copy is done. */
const COPIED_PART = 256 << 20
/** Limit of S3. */
const MAX_PARTS = 10_000

/** Uploads objects, or copies them within the server: small ones in one request, large ones in parallel parts. */
export function minioUploads(
  connection: MinioConnection,
  cache: ReturnType<typeof objectCache>,
  stat: (path: string) => Promise<Remote | undefined>,
) {
  const { client, unsigned, bucket } = connection
  const at = (path: string) => ({ bucketName: bucket, objectName: connection.key(path) })

  /** The server checks the bytes against their SHA-256. For an object, it is in the path. */
  const putWhole = (path: string, bytes: Buffer): Promise<string> => {
    const digest = digestIn(path) ?? createHash('sha256').update(bytes).digest('hex')
    const headers = { 'content-length': bytes.length }
    return connection.transfer('be written', path, async () =>
      drained(await client.makeRequestStreamAsync({ method: 'PUT', ...at(path), headers }, bytes, digest, [200], '')),
    )
  }

  const inParts = async (
    path: string,
    size: number,
    partSize: number,
    send: (part: ObjectPart, upload: string) => Promise<string>,
    check = () => {},
  ): Promise<Remote> => {
    const { objectName } = at(path)
    const transfer = <Result>(work: () => Promise<Result>) => connection.transfer('be written', path, work)
    const upload = await transfer(() => client.initiateNewMultipartUpload(bucket, objectName, {}))
    try {
      const parts = partsOf(size, Math.max(partSize, Math.ceil(size / MAX_PARTS)))
      const etags = await mapConcurrently(parts, (part) => transfer(() => send(part, upload)), PARTS_AT_ONCE)
      check()
      await transfer(() =>
        client
          .completeMultipartUpload(
            bucket,
            objectName,
            upload,
            etags.map((etag, index) => ({ part: index + 1, etag })),
          )
          .catch((error: unknown) => {
            if (codeOf(error) !== 'NoSuchUpload') throw error // otherwise it was completed, but the response was lost
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
      new Error(`${size} bytes were sent, but ${stored?.size ?? 'none'} were stored`),
    )
  }

  type Read = (start: number, end: number) => Readable | Buffer
  const putParts = (path: string, size: number, read: Read, check?: () => void) => {
    const send = async ({ number, start, end }: ObjectPart, upload: string) => {
      const query = `partNumber=${number}&uploadId=${encodeURIComponent(upload)}`
      const headers = { 'content-length': end - start }
      const request = { method: 'PUT', ...at(path), query, headers }
      return drained(await unsigned.makeRequestStreamAsync(request, read(start, end), '', [200], ''))
    }
    return inParts(path, size, PART, send, check)
  }

  const store = async (path: string, content: Content): Promise<void> => {
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
      const check = () => requireUnchanged(content)
      const stored = present?.size === size ? present : await putParts(path, size, read, check)
      cache.take(path, stored.etag, size, file)
    }
    await cache.tidy()
  }

  return {
    put: (path: string, content: Content) =>
      store(path, content).catch((error: unknown) => {
        throw connection.error('be written', path, error)
      }),
    /** Copies an object within the server. Returns false if another process has removed it meanwhile. */
    copy: (from: string, to: string, found: Remote): Promise<boolean> =>
      copy(from, to, found).then(
        () => true,
        (error: unknown) => {
          if (isMissing(error)) return false
          throw error
        },
      ),
  }

  async function copy(from: string, to: string, { size }: Remote): Promise<void> {
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
  }
}

function isMissing(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) if (codeOf(at) === 'NoSuchKey') return true
  return false
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
