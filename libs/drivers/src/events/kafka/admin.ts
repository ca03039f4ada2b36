import { CairnError } from '@cairn/kernel'
import type { SubscribeOptions } from '@cairn/records'
import type { Admin } from 'kafkajs'
import { newClient } from './client.ts'
import { pauseAfter } from '../redelivery.ts'
import { pause, within } from './deadline.ts'
import { busFailed, reasonOf, topicMissing } from './failure.ts'
import { deadLettersOf } from './names.ts'
import type { KafkaSettings } from './settings.ts'

const FIRST_PAUSE_MS = 100

/** Creates missing topics, each with a topic for its dead letters. Resolves once a broker lists all of them. */
export function ensureTopics(settings: KafkaSettings, names: readonly string[]): Promise<void> {
  return withAdmin(settings, 'cannot create topics', async (admin) => {
    const { partitions, replication, requestTimeout } = settings
    const wanted = [...new Set(names)].flatMap((name) => [
      { topic: name, numPartitions: partitions },
      { topic: deadLettersOf(name), numPartitions: 1 },
    ])
    for (;;) {
      const there = new Set(await admin.listTopics())
      const topics = wanted
        .filter(({ topic }) => !there.has(topic))
        .map((topic) => ({ ...topic, replicationFactor: replication, configEntries: READABLE }))
      if (topics.length === 0) return
      const isNew = await admin.createTopics({ topics, timeout: requestTimeout })
      if (!isNew) await pause(FIRST_PAUSE_MS) // it exists, but this broker does not know it yet
    }
  })
}

/**
 * Lets the broker decompress messages of other producers: the client can decompress only gzip, and stops at the rest.
 */
const READABLE = [{ name: 'compression.type', value: 'uncompressed' }]

/** Returns the names of all topics. */
export function listTopics(settings: KafkaSettings): Promise<readonly string[]> {
  return withAdmin(settings, 'cannot list topics', (admin) => admin.listTopics())
}

/** Resolves if a broker answers. @throws CairnError BUS_FAILED if none does within 5 s */
export function probe(settings: KafkaSettings): Promise<void> {
  return withAdmin(
    { ...settings, timeout: Math.min(settings.timeout, PROBE_MS) },
    'no broker answers',
    async (admin) => {
      await admin.describeCluster()
    },
  )
}

const PROBE_MS = 5_000

/** Offset of the next message to handle, by partition. */
export type Offsets = ReadonlyMap<number, number>

/**
 * Returns the offsets where a new group starts. Undefined for an existing group, or if it starts from the beginning.
 */
export function startOffsets(
  settings: KafkaSettings,
  topic: string,
  groupId: string,
  { from }: Pick<SubscribeOptions, 'from'>,
): Promise<Offsets | undefined> {
  return withAdmin(settings, `cannot subscribe to topic ${topic}`, async (admin) => {
    await requireTopic(admin, settings, topic)
    if ((await offsetsOf(admin, topic, groupId)).size > 0) return undefined
    if (from === 'beginning') return undefined
    const starts = await (from === 'now'
      ? admin.fetchTopicOffsets(topic)
      : admin.fetchTopicOffsetsByTimestamp(topic, from.time))
    return new Map(starts.map(({ partition, offset }) => [partition, Number(offset)]))
  })
}

export async function requireTopic(admin: Admin, { brokers }: KafkaSettings, topic: string): Promise<void> {
  if (!(await admin.listTopics()).includes(topic)) throw topicMissing(brokers, topic)
}

/** Returns the committed offsets of a group. */
export function committedOffsets(settings: KafkaSettings, topic: string, groupId: string): Promise<Offsets> {
  return withAdmin(settings, `cannot read the offsets of group ${groupId}`, (admin) => offsetsOf(admin, topic, groupId))
}

const NOTHING_COMMITTED = -1

async function offsetsOf(admin: Admin, topic: string, groupId: string): Promise<Offsets> {
  const [found] = await admin.fetchOffsets({ groupId, topics: [topic] })
  const committed = found!.partitions.map(({ partition, offset }) => [partition, Number(offset)] as const)
  // If an offset had expired, the client commits -2, which means the beginning.
  return new Map(committed.filter(([, offset]) => offset !== NOTHING_COMMITTED).map(([p, o]) => [p, Math.max(o, 0)]))
}

/**
 * Runs `work` with an admin client. Repeats it after temporary failures until `settings.timeout`, because brokers that
 * have just started do not know their coordinators. Uses a new client for each attempt: one that has seen a topic that
 * was deleted later fails at every request.
 *
 * @param what beginning of the error message: `cannot list topics`
 * @throws CairnError BUS_FAILED
 */
export async function withAdmin<Result>(
  settings: KafkaSettings,
  what: string,
  work: (admin: Admin) => Promise<Result>,
): Promise<Result> {
  const end = performance.now() + settings.timeout
  for (let failures = 1; ; failures++) {
    const admin = newClient(settings).admin()
    try {
      const worked = admin.connect().then(() => work(admin))
      return await within(end - performance.now(), worked, 'the brokers')
    } catch (error) {
      if (error instanceof CairnError) throw error
      const wait = pauseAfter(failures, FIRST_PAUSE_MS)
      if (!reasonOf(error).isTemporary || performance.now() + wait >= end)
        throw busFailed(settings.brokers, what, error)
      await pause(wait)
    } finally {
      void admin.disconnect().catch(() => {})
    }
  }
}
