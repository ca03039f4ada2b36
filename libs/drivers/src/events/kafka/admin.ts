import { CairnError, type SubscribeOptions } from '@cairn/kernel/runtime'
import type { Admin } from 'kafkajs'
import { newClient } from './client.ts'
import { within } from './deadline.ts'
import { busFailed, topicMissing } from './failure.ts'
import { deadLettersOf } from './names.ts'
import type { Settings } from './settings.ts'

/** Creates the topics that are missing, each with one for its dead letters. */
export function ensureTopics(settings: Settings, names: readonly string[]): Promise<void> {
  return withAdmin(settings, 'cannot create topics', async (admin) => {
    const there = new Set(await admin.listTopics())
    const { partitions, replication } = settings
    const topics = [...new Set(names)]
      .flatMap((name) => [
        { topic: name, numPartitions: partitions, replicationFactor: replication },
        { topic: deadLettersOf(name), numPartitions: 1, replicationFactor: replication },
      ])
      .filter(({ topic }) => !there.has(topic))
    if (topics.length > 0) await admin.createTopics({ topics, timeout: settings.requestTimeout })
  })
}

/** Resolves when a broker answers. */
export function probe(settings: Settings): Promise<void> {
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

/** Offsets where a group that is new is to start; undefined when it is not, or starts where the client starts it anyway. */
export function startOffsets(
  settings: Settings,
  topic: string,
  groupId: string,
  from: SubscribeOptions['from'],
): Promise<Offsets | undefined> {
  return withAdmin(settings, `cannot subscribe to topic ${topic}`, async (admin) => {
    await requireTopic(admin, settings, topic)
    if (from === 'beginning' || (await offsetsOf(admin, topic, groupId)).size > 0) return undefined
    const starts = await (from === 'now'
      ? admin.fetchTopicOffsets(topic)
      : admin.fetchTopicOffsetsByTimestamp(topic, from.time))
    return new Map(starts.map(({ partition, offset }) => [partition, Number(offset)]))
  })
}

export async function requireTopic(admin: Admin, { brokers }: Settings, topic: string): Promise<void> {
  if (!(await admin.listTopics()).includes(topic)) throw topicMissing(brokers, topic)
}

/** What a group has committed. */
export function committedOffsets(settings: Settings, topic: string, groupId: string): Promise<Offsets> {
  return withAdmin(settings, `cannot read the offsets of group ${groupId}`, (admin) => offsetsOf(admin, topic, groupId))
}

const NOTHING_COMMITTED = -1

async function offsetsOf(admin: Admin, topic: string, groupId: string): Promise<Offsets> {
  const [found] = await admin.fetchOffsets({ groupId, topics: [topic] })
  const committed = found!.partitions.map(({ partition, offset }) => [partition, Number(offset)] as const)
  // Where an offset had expired, the client has committed -2: from the beginning.
  return new Map(committed.filter(([, offset]) => offset !== NOTHING_COMMITTED).map(([p, o]) => [p, Math.max(o, 0)]))
}

/** A new admin each time: one that has seen a topic which is gone fails at everything. */
export async function withAdmin<Result>(
  settings: Settings,
  what: string,
  work: (admin: Admin) => Promise<Result>,
): Promise<Result> {
  const admin = newClient(settings).admin()
  try {
    return await within(
      settings.timeout,
      admin.connect().then(() => work(admin)),
      'the brokers',
    )
  } catch (error) {
    throw error instanceof CairnError ? error : busFailed(settings.brokers, what, error)
  } finally {
    void admin.disconnect().catch(() => {})
  }
}
