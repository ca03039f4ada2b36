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

export { assumeRole, type RoleSession, type SessionOptions } from './minio/session.ts'

export interface MinioStoreOptions extends MinioConnectionOptions {
  /** Local folder for copies of objects and for scratch folders. The processes of this machine may share it. */
  readonly cache: string
  /** Maximum size of the copies, in bytes. If their disk has less space, they take less. Default 16 GB. */
  readonly cacheLimit?: number | undefined
  /**
   * Whether every user of a copy in this folder holds it, so that any other copy may be deleted. By default, copies
   * that were used in the last minutes are never deleted.
   */
  readonly copiesAreHeld?: boolean | undefined
}

export interface MinioStore extends ArtifactStore {
  readonly copies: LocalCopies
  /** Creates the bucket if it does not exist. */
  ensureBucket(): Promise<void>
  /** Checks the format of the store; writes it to a new store. @throws CairnError BAD_RECORD if it is not supported */
  checkFormat(): Promise<void>
  /**
   * Checks the format, and that conditional writes work, on which everything depends that must happen only once.
   *
   * @throws CairnError BAD_RECORD if the format is not supported, STORE_FAILED if conditional writes do not work
   */
  probe(): Promise<void>
  /** Returns the SHA-256 (hex) of an object's bytes on the server; undefined if there is none. Ignores local copies. */
  digestOf(path: string): Promise<string | undefined>
  /** Closes all connections. */
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

  /** Lists a folder page by page. With delimiter `/`, lists subfolders by name instead of their contents. */
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
      if (after !== undefined) names.delete(after) // S3 compares a folder with its `/`, so it sorts after its own name
      return [...names]
    },
    remove: (path) => call('be removed', path, () => client.removeObject(bucket, connection.key(path))),
    async move(from, to) {
      const found = await stat(from)
      if (!found) return false
      if (!(await uploads.copy(from, to, found))) return (await stat(to)) !== undefined // another process moved it
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
          if (codeOf(error) !== 'BucketAlreadyOwnedByYou') throw error // otherwise another process created it
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
  if (!marker) return checkFormat(store, where) // another process has just created it
  const { format } = JSON.parse(Buffer.from(marker).toString()) as { format: number }
  requireStoreFormat(format, `the store in ${where}`)
}
