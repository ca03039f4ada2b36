import type { ArtifactStore } from '@cairn/records'

/**
 * A store that keeps everything in a map and responds immediately. Its objects have no files, so artifacts must be
 * small enough for records.
 */
export function directStore(files: Map<string, Uint8Array>): ArtifactStore {
  const same = (a: Uint8Array | undefined, b: Uint8Array | undefined) =>
    a === undefined || b === undefined ? a === b : Buffer.from(a).equals(b)
  const set = (path: string, bytes: Uint8Array) => Boolean(files.set(path, bytes))
  const below = (folder: string) => [...files].filter(([path]) => path.startsWith(folder))
  return {
    read: async (path) => files.get(path),
    create: async (path, bytes) => !files.has(path) && set(path, bytes),
    replace: async (path, expected, bytes) => same(files.get(path), expected) && set(path, bytes),
    put: async (path, content) => void set(path, content as Uint8Array),
    fetch: async (path) => (files.has(path) ? path : undefined),
    async stat(path) {
      const found = files.get(path)
      return found && { size: found.byteLength, modified: 0 }
    },
    async *list(folder) {
      for (const [path, { byteLength }] of below(folder)) yield { path, size: byteLength, modified: 0 }
    },
    children: async (folder, after = '') =>
      [...new Set(below(folder).map(([path]) => path.slice(folder.length).split('/')[0]!))].filter(
        (name) => name > after,
      ),
    remove: async (path) => void files.delete(path),
    async move(from, to) {
      const found = files.get(from)
      if (found) set(to, found)
      return files.delete(from)
    },
    scratch: async () => 'nowhere',
  }
}
