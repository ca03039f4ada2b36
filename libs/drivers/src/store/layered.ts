import { copyFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { CairnError } from '@cairn/kernel'
import type { ArtifactStore } from '@cairn/records'

/** The read operations of a store. */
export type ReadableStore = Pick<ArtifactStore, 'read' | 'fetch' | 'stat' | 'list' | 'children'>

/**
 * A store layered over another one. Writes go to the upper store; reads try the upper store first, then the lower one.
 * The lower store never changes: a record of the upper store can hide one of the lower store, but not change or remove
 * it. Leases of the lower store are ignored, so that work here does not wait for work there.
 */
export function layeredStore(above: ArtifactStore, lower: ReadableStore): ArtifactStore {
  const below = withoutLeases(lower)
  const has = async (store: Pick<ReadableStore, 'stat'>, path: string) => (await store.stat(path)) !== undefined

  /** Copies an object from the lower store's trash to the upper store. Returns false if it does not exist. */
  const bring = async (from: string, to: string): Promise<boolean> => {
    const found = await below.fetch(from)
    if (found === undefined) return false
    const folder = await above.scratch()
    const file = join(folder, 'object') // `put` may move the file
    await copyFile(found, file)
    await above.put(to, { file })
    await rm(folder, { recursive: true, force: true })
    return true
  }

  return {
    read: async (path) => (await above.read(path)) ?? below.read(path),
    fetch: async (path) => (await above.fetch(path)) ?? below.fetch(path),
    stat: async (path) => (await above.stat(path)) ?? below.stat(path),
    create: async (path, bytes) => !(await has(below, path)) && above.create(path, bytes),
    async replace(path, expected, bytes) {
      if (await has(above, path)) return above.replace(path, expected, bytes)
      const present = await below.read(path)
      if (present === undefined) return above.replace(path, expected, bytes)
      return expected !== undefined && Buffer.from(present).equals(expected) && above.create(path, bytes)
    },
    async put(path, content) {
      if (!(await has(below, path))) await above.put(path, content)
    },
    async *list(folder) {
      const hidden = new Set<string>()
      for await (const entry of above.list(folder)) {
        hidden.add(entry.path)
        yield entry
      }
      for await (const entry of below.list(folder)) if (!hidden.has(entry.path)) yield entry
    },
    children: async (folder, after) => [
      ...new Set([...(await above.children(folder, after)), ...(await below.children(folder, after))]),
    ],
    remove: (path) => above.remove(path),
    move: async (from, to) => (await above.move(from, to)) || (from.includes('trash/') && bring(from, to)),
    scratch: () => above.scratch(),
  }
}

function withoutLeases(store: ReadableStore): ReadableStore {
  const isLease = (path: string) => path.includes('/leases/')
  return {
    read: async (path) => (isLease(path) ? undefined : store.read(path)),
    stat: async (path) => (isLease(path) ? undefined : store.stat(path)),
    fetch: (path) => store.fetch(path),
    list: (folder) => store.list(folder),
    children: (folder, after) => store.children(folder, after),
  }
}

/**
 * A read-only view of a store.
 *
 * @param name name of the store in the errors of writes, which are CairnError STORE_FAILED
 */
export function readOnlyStore(store: ReadableStore, name: string): ArtifactStore {
  const refuse = (path: string): never => {
    throw new CairnError('STORE_FAILED', `${name} is read-only here: ${path} was not written`)
  }
  return {
    read: (path) => store.read(path),
    fetch: (path) => store.fetch(path),
    stat: (path) => store.stat(path),
    list: (folder) => store.list(folder),
    children: (folder, after) => store.children(folder, after),
    create: async (path) => refuse(path),
    replace: async (path) => refuse(path),
    put: async (path) => refuse(path),
    remove: async (path) => refuse(path),
    move: async (from) => refuse(from),
    scratch: async () => refuse('a scratch folder'),
  }
}
