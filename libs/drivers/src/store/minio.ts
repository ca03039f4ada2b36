import { requireStoreFormat, STORE_FILE, STORE_FORMAT, type ArtifactStore } from '@cairn/records'
import type { LocalCopies } from './local-copies.ts'
import { objectCache } from './minio/cache.ts'
import { codeOf, connect, type MinioConnectionOptions } from './minio/connection.ts'
import { minioDigest } from './minio/stored-digest.ts'
import { minioDownloads } from './minio/downloads.ts'
import { probeWrites } from './minio/probe.ts'
import { minioRecords } from './minio/records.ts'
import { lastMoment, minioStat } from './minio/stat.ts'
import { minioUploads } from './minio/uploads.ts'

export { assumeRole, type Session, type SessionOptions } from './minio/session.ts'

export interface MinioStoreOptions extends MinioConnectionOptions {
  /** A local folder for copies of objects, shared by the processes of this machine, and for scratch. */
  readonly cache: string
  /** Maximum size of the copies, in bytes. If their disk has less space, they take less. Default 16 GB. */
  readonly cacheLimit?: number | undefined
  /**
   * Whether every user of a copy in this folder holds it, so that any other copy may be deleted. By default, copies that
   * were used in the last minutes are never deleted.
   */
  readonly copiesAreHeld?: boolean | undefined
}

export interface MinioStore extends ArtifactStore {
  readonly copies: LocalCopies
  /** Makes the bucket if it is not there. */
  ensureBucket(): Promise<void>
  /** Refuses a store of a later format. */
  checkFormat(): Promise<void>
  /**
   * Refuses a store of a later format, and a server whose conditional writes do not keep what they promise: everything
   * that must happen once rests on them.
   */
  probe(): Promise<void>
  /** SHA-256 (hex) of an object's bytes as they lie there, past any local copy; undefined when there is none. */
  digestOf(path: string): Promise<string | undefined>
  /** Hangs up. */
  close(): Promise<void>
}

/** A bucket of MinIO, or of any S3 server that passes `probe`, as a store. */
export function minioStore({ cache: folder, ...options }: MinioStoreOptions): MinioStore {
  const connection = connect(options)
  const { client, bucket, call } = connection
  const cache = objectCache(folder, options.cacheLimit ?? 16e9, options.copiesAreHeld ?? false)
  const records = minioRecords(connection)
  const stat = minioStat(connection)
  const uploads = minioUploads(connection, cache, stat)

  /** Pages of what lies in a folder; below a `/` only the folder's name. */
  async function* pages(folder: string, delimiter: '' | '/', after = '') {
    const prefix = connection.key(folder)
    const start = after && prefix + after
    let page: Awaited<ReturnType<typeof client.listObjectsV2Query>> | undefined
    do {
      const token: string = page?.nextContinuationToken ?? ''
      page = await call('be listed', folder, () =>
        client.listObjectsV2Query(bucket, prefix, token, delimiter, 1000, start),
      )
      yield page.objects
    } while (page.isTruncated)
  }

  const store: MinioStore = {
    copies: cache.eviction,
    read: records.read,
    create: records.create,
    replace: (path, expected, bytes) =>
      expected === undefined ? records.create(path, bytes) : records.replace(path, expected, bytes),
    put: uploads.put,
    fetch: minioDownloads(connection, cache),
    async stat(path) {
      const found = await stat(path)
      return found && { size: found.size, modified: found.modified }
    },
    async *list(folder) {
      const { length } = connection.key('')
      for await (const page of pages(folder, ''))
        for (const { name, size, lastModified } of page)
          if (name !== undefined) yield { path: name.slice(length), size, modified: lastMoment(lastModified) }
    },
    async children(folder, after) {
      const { length } = connection.key(folder)
      const names = new Set<string>()
      for await (const page of pages(folder, '/', after))
        for (const { name, prefix } of page) names.add((name ?? prefix.replace(/\/$/, '')).slice(length))
      if (after !== undefined) names.delete(after) // a folder's name is behind that without its `/`
      return [...names]
    },
    remove: (path) => call('be removed', path, () => client.removeObject(bucket, connection.key(path))),
    async move(from, to) {
      const found = await stat(from)
      if (!found) return false
      await uploads.copy(from, to, found)
      await store.remove(from)
      return true
    },
    digestOf: minioDigest(connection),
    async scratch() {
      return cache.scratch()
    },
    async ensureBucket() {
      await call('be made', '', async () => {
        try {
          if (!(await client.bucketExists(bucket))) await client.makeBucket(bucket)
        } catch (error) {
          if (codeOf(error) !== 'BucketAlreadyOwnedByYou') throw error // else someone was faster
        }
      })
    },
    checkFormat: () => checkFormat(store, connection.describe),
    async probe() {
      await checkFormat(store, connection.describe)
      await probeWrites(store, connection.describe)
    },
    async close() {
      connection.close()
    },
  }
  return store
}

async function checkFormat(store: MinioStore, where: string): Promise<void> {
  const mine = Buffer.from(`${JSON.stringify({ format: STORE_FORMAT })}\n`)
  const marker = (await store.read(STORE_FILE)) ?? ((await store.create(STORE_FILE, mine)) ? mine : undefined)
  if (!marker) return checkFormat(store, where) // made by another just now
  const { format } = JSON.parse(Buffer.from(marker).toString()) as { format: number }
  requireStoreFormat(format, `the store in ${where}`)
}
