import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { codeOf, isTemporary, type MinioConnection } from './connection.ts'

/**
 * Metadata with the ids of the last writes of a record, newest first. They show whether a write took effect, even if
 * another writer wrote the same bytes or has replaced the record since.
 */
const WRITES = 'x-amz-meta-writes'
const WRITES_KEPT = 8

interface StoredRecord {
  readonly etag: string
  readonly writes: readonly string[]
}

/** Reads and writes small objects, with one GET or one conditional PUT. */
export function minioRecords(connection: MinioConnection) {
  const { client, bucket } = connection
  const at = (path: string) => ({ bucketName: bucket, objectName: connection.key(path) })

  const get = (path: string): Promise<(StoredRecord & { readonly bytes: Buffer }) | undefined> =>
    connection.transfer('be read', path, () =>
      unlessMissing(async () => {
        const response = await client.makeRequestAsync({ method: 'GET', ...at(path) })
        return { ...recordOf(response), bytes: await buffer(response) }
      }),
    )

  const head = (path: string, deadline: number): Promise<StoredRecord | undefined> => {
    const ask = async () => recordOf(await client.makeRequestAsyncOmit({ method: 'HEAD', ...at(path) }))
    return connection.call('be written', path, () => unlessMissing(ask), deadline)
  }

  /**
   * Writes under a condition. After any failure or refusal, looks at the record: the write may have taken effect
   * although its response was lost, or the refusal may answer a duplicate of the same request.
   *
   * @param earlier ids of the earlier writes
   * @param isOpen returns whether the condition still holds for the present record
   */
  const writeIf = async (
    path: string,
    bytes: Uint8Array,
    condition: Readonly<Record<string, string>>,
    earlier: readonly string[],
    isOpen: (stored: StoredRecord | undefined) => boolean,
  ): Promise<boolean> => {
    const id = randomUUID()
    const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const writes = [id, ...earlier].slice(0, WRITES_KEPT).join()
    const deadline = connection.deadline()
    for (let wait = 50; ; wait *= 2) {
      let doubt: unknown
      try {
        const headers = { ...condition, [WRITES]: writes }
        await connection.once(deadline, () =>
          client.makeRequestAsyncOmit({ method: 'PUT', ...at(path), headers }, body),
        )
        return true
      } catch (error) {
        if (!isTemporary(error) && !REFUSALS.has(codeOf(error) ?? '')) throw connection.error('be written', path, error)
        doubt = error
      }
      const stored = await head(path, deadline)
      if (stored?.writes.includes(id)) return true
      if (!isOpen(stored)) return false
      if (performance.now() + wait > deadline) throw connection.error('be written', path, doubt)
      await sleep(wait)
    }
  }

  return {
    read: async (path: string): Promise<Buffer | undefined> => (await get(path))?.bytes,
    create: (path: string, bytes: Uint8Array): Promise<boolean> =>
      writeIf(path, bytes, { 'if-none-match': '*' }, [], (stored) => stored === undefined),
    replace: async (path: string, expected: Uint8Array, bytes: Uint8Array): Promise<boolean> => {
      const present = await get(path)
      if (!present?.bytes.equals(expected)) return false
      const { etag, writes } = present
      return writeIf(path, bytes, { 'if-match': etag }, writes, (stored) => stored?.etag === etag)
    },
  }
}

/** Errors for a condition that does not hold; `NoSuchKey` if there is no object to compare with. */
const REFUSALS: ReadonlySet<string> = new Set(['PreconditionFailed', 'NoSuchKey'])

function recordOf({ headers }: Pick<IncomingMessage, 'headers'>): StoredRecord {
  const writes = headers[WRITES]
  return { etag: headers.etag!, writes: typeof writes === 'string' ? writes.split(',') : [] }
}

/** Returns undefined for a missing object. With HEAD also for a missing bucket, because the response has no body. */
export async function unlessMissing<Value>(work: () => Promise<Value>): Promise<Value | undefined> {
  try {
    return await work()
  } catch (error) {
    if (codeOf(error) === 'NoSuchKey' || codeOf(error) === 'NotFound') return undefined
    throw error
  }
}
