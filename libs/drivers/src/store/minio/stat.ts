import type { IncomingMessage } from 'node:http'
import type { Connection } from './connection.ts'
import { unlessMissing } from './records.ts'

export interface Remote {
  readonly size: number
  readonly etag: string
  readonly modified: number
}

/** What the server tells of an object. */
export function minioStat(connection: Connection): (path: string) => Promise<Remote | undefined> {
  const { client, bucket } = connection

  /** An answer without a body, as to HEAD, does not tell a missing bucket from a missing object. */
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

/** HTTP tells whole seconds. Collection must not take young for old, so it is the last moment of the second. */
export function lastMoment(modified: Date): number {
  const time = modified.getTime()
  return time % 1000 === 0 ? time + 999 : time
}
