import { createHash } from 'node:crypto'
import type { Readable } from 'node:stream'
import type { MinioConnection } from './connection.ts'
import { unlessMissing } from './records.ts'

/** Returns a function that computes the SHA-256 (hex) of an object's bytes on the server, without a local copy. */
export function minioDigest(connection: MinioConnection): (path: string) => Promise<string | undefined> {
  const { client, bucket, key, transfer } = connection
  return (path) =>
    transfer('be read', path, async () => {
      const response = await unlessMissing(() => client.getObject(bucket, key(path)))
      return response && digestOfStream(response as Readable & { readonly headers: Headers })
    })
}

interface Headers {
  readonly 'content-length'?: string
}

async function digestOfStream(bytes: Readable & { readonly headers: Headers }): Promise<string> {
  const hash = createHash('sha256')
  let size = 0
  for await (const piece of bytes as AsyncIterable<Buffer>) {
    hash.update(piece)
    size += piece.length
  }
  const announced = Number(bytes.headers['content-length'])
  if (size !== announced)
    throw Object.assign(new Error(`expected ${announced} bytes, but received ${size}`), { code: 'ECONNRESET' })
  return hash.digest('hex')
}
