import type { Admin } from 'kafkajs'
import { withAdmin } from './admin.ts'
import type { KafkaSettings } from './settings.ts'
import type { Standstill } from './standstills.ts'

/** The state of a consumer group of a topic, as the brokers report it. */
export interface GroupStatus {
  readonly id: string
  readonly topic: string
  readonly members: number
  /** Number of events that are not handled. */
  readonly lag: number
  readonly standstills: readonly Standstill[]
}

/** Returns the groups of these topics. A group belongs to the topic whose name its id starts with. */
export function groupsOf(settings: KafkaSettings, topics: readonly string[]): Promise<GroupStatus[]> {
  return withAdmin(settings, 'cannot look at consumer groups', async (admin) => {
    const { groups } = await admin.listGroups()
    const wanted = groups.flatMap(({ groupId: id }) => {
      const [topic] = topics.filter((one) => id.startsWith(`${one}.`)).sort((a, b) => b.length - a.length)
      return topic === undefined ? [] : [{ id, topic }]
    })
    if (wanted.length === 0) return []
    const described = await admin.describeGroups(wanted.map(({ id }) => id))
    const members = new Map(described.groups.map(({ groupId, members: all }) => [groupId, all.length]))
    const ends = new Map<string, ReadonlyMap<number, number>>()
    for (const topic of new Set(wanted.map((group) => group.topic))) ends.set(topic, await endsOf(admin, topic))
    const statuses = wanted.map(async ({ id, topic }) => ({
      id,
      topic,
      members: members.get(id) ?? 0,
      ...(await progressOf(admin, id, topic, ends.get(topic)!)),
    }))
    return Promise.all(statuses)
  })
}

/** Returns the number of members of each group, by id; 0 if the group does not exist. */
export function membersOf(settings: KafkaSettings, ids: readonly string[]): Promise<ReadonlyMap<string, number>> {
  return withAdmin(settings, 'cannot look at consumer groups', async (admin) => {
    const { groups } = await admin.describeGroups([...ids])
    return new Map(groups.map(({ groupId, members }) => [groupId, members.length]))
  })
}

async function endsOf(admin: Admin, topic: string): Promise<Map<number, number>> {
  const offsets = await admin.fetchTopicOffsets(topic)
  return new Map(offsets.map(({ partition, high }) => [partition, Number(high)]))
}

async function progressOf(
  admin: Admin,
  groupId: string,
  topic: string,
  ends: ReadonlyMap<number, number>,
): Promise<Pick<GroupStatus, 'lag' | 'standstills'>> {
  const [found] = await admin.fetchOffsets({ groupId, topics: [topic] })
  const committed = (found?.partitions ?? []).filter(({ offset }) => Number(offset) >= 0)
  const lags = committed.map(({ partition, offset }) => Math.max((ends.get(partition) ?? 0) - Number(offset), 0))
  return {
    lag: lags.reduce((sum, lag) => sum + lag, 0),
    standstills: committed.flatMap(({ partition, offset, metadata }) => {
      const note = noteIn(metadata)
      const isPast = note === undefined || note.offset < Number(offset)
      return isPast ? [] : [{ ...note, partition }]
    }),
  }
}

/** Reads the standstill that a waiting member stored as metadata of its committed offset. */
function noteIn(metadata: string | null): Omit<Standstill, 'partition'> | undefined {
  try {
    const { standstill } = JSON.parse(metadata ?? '') as { standstill: Standstill }
    const { offset, event, since, reason } = standstill
    return typeof offset === 'number' && typeof since === 'number' ? { offset, event, since, reason } : undefined
  } catch {
    return undefined // no metadata, or that of another client
  }
}
