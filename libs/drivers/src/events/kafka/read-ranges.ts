import { randomUUID } from 'node:crypto'
import type { Consumer } from 'kafkajs'
import { requireTopic, withAdmin } from './admin.ts'
import { newClient } from './client.ts'
import { within } from './deadline.ts'
import { busFailed } from './failure.ts'
import { copyOf, type Incoming } from './message.ts'
import type { Settings } from './settings.ts'

/** Offsets of one partition: from the first to before the second. */
export interface Range {
  readonly partition: number
  readonly from: number
  readonly to: number
}
export interface Placed {
  readonly partition: number
  /** Milliseconds since 1970. */
  readonly at: number
  readonly message: Incoming
}

/** What a topic holds. */
export function rangesOf(settings: Settings, topic: string): Promise<Range[]> {
  return withAdmin(settings, `cannot read topic ${topic}`, async (admin) => {
    await requireTopic(admin, settings, topic)
    const offsets = await admin.fetchTopicOffsets(topic)
    return offsets.map(({ partition, low, high }) => ({ partition, from: Number(low), to: Number(high) }))
  })
}

/** Reads them as a group that is made for this and then deleted: the client cannot read without one. */
export async function readRanges<Result>(
  settings: Settings,
  topic: string,
  ranges: readonly Range[],
  read: (placed: Placed) => Result,
): Promise<Result[]> {
  const filled = new Map(ranges.filter(({ from, to }) => from < to).map((range) => [range.partition, range]))
  if (filled.size === 0) return []
  const groupId = `${topic}.read-${randomUUID()}`
  const { sessionTimeout, heartbeatInterval, fetchWait: maxWaitTimeInMs } = settings
  const consumer = newClient(settings).consumer({ groupId, sessionTimeout, heartbeatInterval, maxWaitTimeInMs })
  try {
    return await within(settings.timeout, readAll(consumer, topic, filled, read), `reading ${topic}`)
  } catch (error) {
    throw busFailed(settings.brokers, `cannot read topic ${topic}`, error)
  } finally {
    void leave(consumer, groupId, { ...settings, timeout: LEAVE_MS }).catch(() => {}) // the broker deletes it later
  }
}

const LEAVE_MS = 2_000

async function leave(consumer: Consumer, groupId: string, settings: Settings): Promise<void> {
  await consumer.disconnect()
  await withAdmin(settings, `cannot delete group ${groupId}`, (admin) => admin.deleteGroups([groupId]))
}

async function readAll<Result>(
  consumer: Consumer,
  topic: string,
  ranges: ReadonlyMap<number, Range>,
  read: (placed: Placed) => Result,
): Promise<Result[]> {
  const results: Result[] = []
  const left = new Set(ranges.keys())
  const end = Promise.withResolvers<void>()
  end.promise.catch(() => {}) // may come before it is waited for
  consumer.on(consumer.events.CRASH, ({ payload }) => end.reject(payload.error))
  // Told of batches, too, that hold nothing but the marks of transactions.
  consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload: { partition, lastOffset } }) => {
    if (Number(lastOffset) + 1 >= (ranges.get(partition)?.to ?? Infinity)) left.delete(partition)
    if (left.size === 0) end.resolve()
  })
  await consumer.connect()
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  await consumer.run({
    autoCommit: false,
    eachBatch: async ({ batch: { partition, messages } }) => {
      const range = left.has(partition) ? ranges.get(partition)! : undefined
      for (const message of messages) {
        const offset = Number(message.offset)
        if (!range || offset < range.from || offset >= range.to) continue
        results.push(read({ partition, at: Number(message.timestamp), message: copyOf(message) }))
      }
    },
  })
  for (const { partition, from } of ranges.values()) consumer.seek({ topic, partition, offset: String(from) })
  await end.promise
  return results
}
