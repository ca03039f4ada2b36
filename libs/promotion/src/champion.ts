import {
  PRODUCTION,
  channels,
  promotedEvent,
  decodeRecord,
  encodeRecord,
  lastCollection,
  RECORD_VERSION,
  type Champion,
  type Layout,
  type ArtifactStore,
} from '@cairn/records'
import { CairnError } from '@cairn/kernel'

/** The current champion and the bytes of its record, which `setChampion` replaces only if they have not changed. */
export interface CurrentChampion {
  readonly champion: Champion | undefined
  readonly bytes: Uint8Array | undefined
}

/**
 * Reads the record of the production run.
 *
 * @returns the champion and its bytes, both undefined before the first promotion
 * @throws CairnError BAD_RECORD when the record is damaged or comes from a later version of Cairn
 */
export async function currentChampion(store: Pick<ArtifactStore, 'read'>, at: Layout): Promise<CurrentChampion> {
  const path = at.ref(PRODUCTION)
  const bytes = await store.read(path)
  return { champion: bytes && decodeRecord<Champion>(bytes, path), bytes }
}

/** Replaces the champion's record. @throws CairnError CONFLICT when it was changed meanwhile */
async function replaceChampion(
  store: ArtifactStore,
  at: Layout,
  current: CurrentChampion,
  next: Omit<Champion, 'v' | 'replaced'>,
): Promise<Champion> {
  const replaced = current.champion?.run
  const champion: Champion = { v: RECORD_VERSION, ...next, ...(replaced !== undefined && { replaced }) }
  const path = at.ref(PRODUCTION)
  const bytes = encodeRecord(champion, path)
  if (await store.replace(path, current.bytes, bytes)) {
    await requireKept(store, at, current, { champion, bytes })
    if (channels.promotion.hasSubscribers) channels.promotion.publish(promotedEvent(at, champion))
    return champion
  }
  const now = await currentChampion(store, at)
  const isSame =
    replaced !== undefined && now.champion?.run === replaced && now.champion.since === current.champion?.since
  if (isSame) return replaceChampion(store, at, now, next) // its announcement was noted meanwhile
  throw new CairnError('CONFLICT', `${now.champion?.run ?? 'another run'} became the production run in the meantime`, {
    next: 'compare with the new production run, then promote again',
  })
}

/**
 * Takes a run out of production again that a collection is removing. The collection first records which runs it removes,
 * and then reads which run is in production. Here it is the other way round, so one of the two sees the other.
 *
 * @throws CairnError CONFLICT when the run is being removed
 */
async function requireKept(store: ArtifactStore, at: Layout, before: CurrentChampion, { champion, bytes }: Written) {
  const { removing = [] } = (await lastCollection(store, at)) ?? {}
  if (!removing.includes(champion.run)) return
  const path = at.ref(PRODUCTION)
  if (before.bytes) await store.replace(path, bytes, before.bytes)
  else await store.remove(path)
  throw new CairnError('CONFLICT', `a collection is removing ${champion.run}`, {
    next: 'promote another run: cairn runs',
  })
}
interface Written {
  readonly champion: Champion
  readonly bytes: Uint8Array
}

/**
 * Puts a run into production, and keeps the previous champion for a rollback.
 *
 * @throws CairnError CONFLICT when the champion was changed meanwhile, or when a collection is removing the run
 */
export function setChampion(
  store: ArtifactStore,
  at: Layout,
  current: CurrentChampion,
  next: Omit<Champion, 'v' | 'replaced' | 'previous' | 'announced'>,
): Promise<Champion> {
  const previous = current.champion && asPrevious(current.champion)
  return replaceChampion(store, at, current, { ...next, ...(previous && { previous }) })
}

/**
 * Restores the previous production run.
 *
 * @throws CairnError NOT_FOUND when there is none; CONFLICT when the champion was changed meanwhile
 */
export async function rollBack(
  store: ArtifactStore,
  at: Layout,
  current: CurrentChampion,
  { by, since }: Pick<Champion, 'by' | 'since'>,
): Promise<Champion> {
  const { run, previous } = current.champion?.previous ?? {}
  if (run === undefined)
    throw new CairnError('NOT_FOUND', `${at.pipeline} has no previous production run`, {
      next: `cairn promote ${at.pipeline}`,
    })
  return replaceChampion(store, at, current, { run, by, since, ...(previous && { previous }) })
}

/** Marks the promotion as announced to consumers, unless the champion was changed meanwhile. */
export async function noteAnnounced(
  store: ArtifactStore,
  at: Layout,
  { champion, bytes }: CurrentChampion,
): Promise<void> {
  const path = at.ref(PRODUCTION)
  await store.replace(path, bytes, encodeRecord({ ...champion!, announced: true }, path))
}

const REMEMBERED = 10

/** Returns a champion as the next one stores it, with up to ten in the chain. */
function asPrevious(
  { previous, announced: _, replaced: __, ...entry }: Omit<Champion, 'v'>,
  depth = REMEMBERED,
): Omit<Champion, 'v'> {
  return previous && depth > 1 ? { ...entry, previous: asPrevious(previous, depth - 1) } : entry
}
