import type { IncomingMessage } from 'node:http'
import type { MinioConnection } from './connection.ts'
import { unlessMissing } from './records.ts'

/** Metadata of an object on the server. */
export interface Remote {
  /** Bytes. */
  readonly size: number
  readonly etag: string
  /** Milliseconds since 1970. */
  readonly modified: number
}

/** Returns a function that reads the metadata of an object; undefined if it does not exist. */
export function minioStat(connection: MinioConnection): (path: string) => Promise<Remote | undefined> {
  const { client, bucket } = connection

  /** A response to HEAD does not distinguish a missing bucket from a missing object, so the bucket is checked once. */
  let isThere: Promise<unknown> | undefined
  const bucketIsThere = (path: string) =>
    (isThere ??= client.listObjectsV2Query(bucket, connection.key(path), '', '/', 1, '').catch((error: unknown) => {
      isThere = undefined
      throw error
    }))

  return (path) =>
    connection.call('be read', path, async () => {
      const found = await unlessMissing(() => client.statObject(bucket, connection.key(path)))
      if (found) return { size: found.size, etag: `"${found.etag}"`, modified: lastMoment(found.lastModified) }
      await bucketIsThere(path)
      return undefined
    })
}

export function remoteOf({ headers }: Pick<IncomingMessage, 'headers'>): Remote {
  const whole = headers['content-range']?.split('/')[1] ?? headers['content-length']
  return {
    size: Number(whole),
    etag: headers.etag!,
    modified: lastMoment(new Date(headers['last-modified']!)),
  }
}

/**
 * Rounds a time in whole seconds up to the last millisecond of that second, so that no object looks older than it is.
 */
export function lastMoment(modified: Date): number {
  const time = modified.getTime()
  return time % 1000 === 0 ? time + 999 : time
}
