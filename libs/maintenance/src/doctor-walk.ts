import type { Layout, ArtifactStore } from '@cairn/records'

/** Objects come first, so that records that reference a damaged object are reported, too. */
export const AREAS = ['objects', 'code', 'checkpoints', 'runs', 'others'] as const
export type Area = (typeof AREAS)[number]

export interface Entry {
  readonly path: string
  /** Size of an object in bytes; 0 for other files. */
  readonly size: number
}

/**
 * Lists everything to check in one area, in a stable order. Holds the names of one folder at a time.
 *
 * @param after a path in the pipeline's folder; only later entries are listed
 */
export async function* entriesOf(
  store: ArtifactStore,
  at: Layout,
  area: Area,
  after: string | undefined,
): AsyncIterable<Entry> {
  const cut = after === undefined ? 0 : after.lastIndexOf('/') + 1
  const last = after === undefined ? undefined : { folder: after.slice(0, cut), name: after.slice(cut) }
  for (const folder of await foldersOf(store, at, area)) {
    if (last && folder < last.folder) continue
    const behind = folder === last?.folder ? last.name : undefined
    for (const entry of await entriesIn(store, at, folder, area, behind))
      if (behind === undefined || entry.path > at.root + folder + behind) yield entry
  }
}

async function foldersOf(store: ArtifactStore, { root }: Layout, area: Area): Promise<string[]> {
  const below = async (folder: string) => (await store.children(root + folder)).map((name) => `${folder}${name}/`)
  switch (area) {
    case 'objects':
      return ['trash/', ...(await below('objects/')).sort()]
    case 'checkpoints':
      return (await below('checkpoints/')).sort()
    case 'code':
    case 'runs':
      return [`${area}/`]
    case 'others':
      return ['', 'leases/', 'refs/', 'submissions/']
  }
}

async function entriesIn(
  store: ArtifactStore,
  at: Layout,
  folder: string,
  area: Area,
  behind: string | undefined,
): Promise<Entry[]> {
  if (folder === '') return [{ path: at.collected, size: 0 }]
  const root = at.root + folder
  const entries =
    area === 'objects'
      ? await Array.fromAsync(store.list(root))
      : (await store.children(root, behind)).map((name) => ({ path: root + name, size: 0 }))
  return entries.sort((one, other) => (one.path < other.path ? -1 : 1))
}
