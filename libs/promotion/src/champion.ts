import { PRODUCTION, type Champion } from '@cairn/records'
import { channels } from '@cairn/records'
import { promotedEvent } from '@cairn/records'
import type { Layout } from '@cairn/records'
import type { ArtifactStore } from '@cairn/records'
import { decodeRecord, encodeRecord, RECORD_VERSION } from '@cairn/records'
import { CairnError } from '@cairn/kernel'

/** The champion's record as it stands, with its bytes: what `crown` may replace. */
export interface Standing {
  readonly champion: Champion | undefined
  readonly bytes: Uint8Array | undefined
}

export async function standingChampion(store: Pick<ArtifactStore, 'read'>, at: Layout): Promise<Standing> {
  const path = at.ref(PRODUCTION)
  const bytes = await store.read(path)
  return { champion: bytes && decodeRecord<Champion>(bytes, path), bytes }
}

/** @throws CairnError CONFLICT when someone else was faster */
async function crown(
  store: ArtifactStore,
  at: Layout,
  standing: Standing,
  next: Omit<Champion, 'v' | 'replaced'>,
): Promise<Champion> {
  const replaced = standing.champion?.run
  const champion: Champion = { v: RECORD_VERSION, ...next, ...(replaced !== undefined && { replaced }) }
  const path = at.ref(PRODUCTION)
  if (await store.replace(path, standing.bytes, encodeRecord(champion, path))) {
    if (channels.promotion.hasSubscribers) channels.promotion.publish(promotedEvent(at, champion))
    return champion
  }
  const { champion: now } = await standingChampion(store, at)
  throw new CairnError('CONFLICT', `${now?.run ?? 'another run'} became production meanwhile`, {
    next: 'compare with that one, and promote again',
  })
}

/** Points production at a run; what was there before is remembered, to roll back to. */
export function promote(
  store: ArtifactStore,
  at: Layout,
  standing: Standing,
  next: Omit<Champion, 'v' | 'replaced' | 'previous' | 'told'>,
): Promise<Champion> {
  const previous = standing.champion && asPrevious(standing.champion)
  return crown(store, at, standing, { ...next, ...(previous && { previous }) })
}

/** Points production at the run that was there before. */
export async function rollBack(
  store: ArtifactStore,
  at: Layout,
  standing: Standing,
  { by, since }: Pick<Champion, 'by' | 'since'>,
): Promise<Champion> {
  const { run, previous } = standing.champion?.previous ?? {}
  if (run === undefined)
    throw new CairnError('NOT_FOUND', `nothing was in production of ${at.root} before`, { next: 'cairn promote' })
  return crown(store, at, standing, { run, by, since, ...(previous && { previous }) })
}

/** Notes that consumers have been told, unless another run is there by now. */
export async function noteTold(store: ArtifactStore, at: Layout, { champion, bytes }: Standing): Promise<void> {
  const path = at.ref(PRODUCTION)
  await store.replace(path, bytes, encodeRecord({ ...champion!, told: true }, path))
}

const REMEMBERED = 10

/** A champion as the next one remembers it: with those before it, up to ten. */
function asPrevious(
  { previous, told: _, replaced: __, ...entry }: Omit<Champion, 'v'>,
  depth = REMEMBERED,
): Omit<Champion, 'v'> {
  return previous && depth > 1 ? { ...entry, previous: asPrevious(previous, depth - 1) } : entry
}
