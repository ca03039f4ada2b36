import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ArtifactStore } from '@cairn/records'

/** A store in memory, for tests and trials. */
export function memoryStore(): ArtifactStore {
  const files = new Map<string, { bytes: Uint8Array; modified: number }>()
  const local = new Map<string, Promise<string>>()
  const write = (path: string, bytes: Uint8Array) => {
    files.set(path, { bytes: Uint8Array.from(bytes), modified: Date.now() })
    return true
  }
  const scratch = () => mkdtemp(join(tmpdir(), 'cairn-'))
  const same = (a: Uint8Array | undefined, b: Uint8Array | undefined) =>
    a === undefined || b === undefined ? a === b : Buffer.from(a).equals(b)
  const inFolder = (folder: string) => [...files].filter(([path]) => path.startsWith(folder))

  return {
    scratch,
    read: async (path) => files.get(path)?.bytes,
    create: async (path, bytes) => !files.has(path) && write(path, bytes),
    replace: async (path, expected, bytes) => same(files.get(path)?.bytes, expected) && write(path, bytes),
    async put(path, content) {
      const bytes = 'file' in content ? await readFile(content.file) : content
      if (!files.has(path)) write(path, bytes)
    },
    async fetch(path) {
      const found = files.get(path)
      if (!found) return undefined
      if (!local.has(path))
        local.set(
          path,
          scratch().then((folder) => join(folder, path.split('/').at(-1)!)),
        )
      const file = await local.get(path)!
      await writeFile(file, found.bytes)
      return file
    },
    async stat(path) {
      const found = files.get(path)
      return found && { size: found.bytes.byteLength, modified: found.modified }
    },
    async *list(folder) {
      for (const [path, { bytes, modified }] of inFolder(folder)) yield { path, size: bytes.byteLength, modified }
    },
    children: async (folder, after = '') =>
      [...new Set(inFolder(folder).map(([path]) => path.slice(folder.length).split('/')[0]!))].filter(
        (name) => name > after,
      ),
    remove: async (path) => void files.delete(path),
    async move(from, to) {
      const found = files.get(from)
      if (found) write(to, found.bytes)
      return files.delete(from)
    },
  }
}
