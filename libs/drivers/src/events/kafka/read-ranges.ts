import { requireTopic, withAdmin } from './admin.ts'
import { within } from './deadline.ts'
import { busFailed } from './failure.ts'
import { Fetcher } from './fetcher.ts'
import { copyOf, type Incoming } from './message.ts'
import type { KafkaSettings } from './settings.ts'

/** Offsets of one partition, from `from` to `to`, exclusive. */
export interface Range {
  readonly partition: number
  readonly from: number
  readonly to: number
}
export interface Placed {
  readonly partition: number
  /** Timestamp of the message, in milliseconds since 1970. */
  readonly at: number
  readonly message: Incoming
}

/** Returns the offsets that a topic contains. @throws CairnError BUS_FAILED if the topic does not exist */
export function rangesOf(settings: KafkaSettings, topic: string): Promise<Range[]> {
  return withAdmin(settings, `cannot read topic ${topic}`, async (admin) => {
    await requireTopic(admin, settings, topic)
    const offsets = await admin.fetchTopicOffsets(topic)
    return offsets.map(({ partition, low, high }) => ({ partition, from: Number(low), to: Number(high) }))
  })
}

/**
 * Reads all messages in these ranges, without a consumer group.
 *
 * @throws CairnError BUS_FAILED after `settings.timeout`
 */
export async function readRanges<Result>(
  settings: KafkaSettings,
  topic: string,
  ranges: readonly Range[],
  read: (placed: Placed) => Result,
): Promise<Result[]> {
  const left = new Map(ranges.filter(({ from, to }) => from < to).map((range) => [range.partition, range]))
  if (left.size === 0) return []
  const fetcher = new Fetcher(settings, topic)
  try {
    return await within(settings.timeout, readAll(fetcher, left, read), `reading ${topic}`)
  } catch (error) {
    throw busFailed(settings.brokers, `cannot read topic ${topic}`, error)
  } finally {
    await fetcher.close()
  }
}

async function readAll<Result>(
  fetcher: Fetcher,
  left: Map<number, Range>,
  read: (placed: Placed) => Result,
): Promise<Result[]> {
  const results: Result[] = []
  const positions = new Map([...left].map(([partition, { from }]) => [partition, from]))
  await fetcher.connect()
  while (left.size > 0) {
    for (const { partition, messages } of await fetcher.fetch(positions)) {
      const { from, to } = left.get(partition)!
      for (const message of messages) {
        const offset = Number(message.offset)
        if (offset >= from && offset < to)
          results.push(read({ partition, at: Number(message.timestamp), message: copyOf(message) }))
      }
      if (positions.get(partition)! < to) continue
      left.delete(partition)
      positions.delete(partition)
    }
  }
  return results
}
