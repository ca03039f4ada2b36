import type { Admin } from 'kafkajs'
import { withAdmin } from './admin.ts'
import type { Settings } from './settings.ts'
import type { Standstill } from './standstills.ts'

/** What the brokers know of a group that shares the events of a topic. */
export interface GroupStatus {
  readonly id: string
  readonly topic: string
  readonly members: number
  /** Events that are not handled. */
  readonly lag: number
  readonly standstills: readonly Standstill[]
}

/** The groups of topics: those whose names begin with the name of one of them. */
export function groupsOf(settings: Settings, topics: readonly string[]): Promise<GroupStatus[]> {
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
    const looked = wanted.map(async ({ id, topic }) => ({
      id,
      topic,
      members: members.get(id) ?? 0,
      ...(await progressOf(admin, id, topic, ends.get(topic)!)),
    }))
    return Promise.all(looked)
  })
}

/** How many members each of these groups has now: none, where there is no such group. */
export function membersOf(settings: Settings, ids: readonly string[]): Promise<ReadonlyMap<string, number>> {
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

/** What a member that waits has said beside its offset. */
function noteIn(metadata: string | null): Omit<Standstill, 'partition'> | undefined {
  try {
    const { standstill } = JSON.parse(metadata ?? '') as { standstill: Standstill }
    const { offset, event, since, reason } = standstill
    return typeof offset === 'number' && typeof since === 'number' ? { offset, event, since, reason } : undefined
  } catch {
    return undefined // of a client that says nothing there, or something of its own
  }
}

/** Removes groups that have no members, and gives the names of those that it has removed. */
export function removeGroups(settings: Settings, which: (id: string, all: ReadonlySet<string>) => boolean) {
  return withAdmin(settings, 'cannot remove consumer groups', async (admin) => {
    const all = new Set((await admin.listGroups()).groups.map(({ groupId }) => groupId))
    const wanted = [...all].filter((id) => which(id, all))
    if (wanted.length === 0) return []
    const { groups } = await admin.describeGroups(wanted)
    const empty = groups.filter(({ members }) => members.length === 0).map(({ groupId }) => groupId)
    const removed: string[] = []
    for (const id of empty)
      await admin.deleteGroups([id]).then(
        () => removed.push(id),
        () => {}, // a member has come meanwhile
      )
    return removed
  })
}
