import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { list, pipeline, step } from '@cairn/kernel'
import { layout, type ArtifactStore } from '@cairn/records'
import { directStore } from '@cairn/engine/simulation/direct-store'
import { json } from '@cairn/engine/simulation/pipelines'
import { trialHost } from '@cairn/engine/simulation/trial'

export const HOUR = 3_600_000

const text = json<string>()
/** Has an output that is stored as an object, and one that is inline in the record. */
const make = step('make', {
  params: z.object({ word: z.string().default('a') }),
  outputs: { large: text, small: text },
  run: (_, { word }) => ({ large: word.repeat(5_000), small: word }),
})
/** Returns a list whose items are objects. With sixty items or more, the list itself is an object, too. */
const spread = step('spread', {
  params: z.object({ words: z.array(z.string()).default(['x', 'y']) }),
  outputs: { items: list(text) },
  run: (_, { words }) => ({ items: words.map((word) => word.repeat(5_000)) }),
})
const finish = step('finish', { inputs: { small: text }, outputs: { out: text }, run: ({ small }) => ({ out: small }) })

/** The step `make`, whose small output `finish` reads, next to `spread`. */
export const kept = pipeline('kept', () => ({ ...finish({ small: make({}).small }), ...spread({}) }))
export const at = layout('local', 'kept')

/** A trial host whose store reports when files were written, and provides objects as files. */
export function maintenanceHost() {
  const host = trialHost()
  const { files, clock } = host
  const modified = new Map<string, number>()
  files.set = (path, bytes) => {
    modified.set(path, clock.now())
    return Map.prototype.set.call(files, path, bytes) as typeof files
  }
  const folder = mkdtempSync(join(tmpdir(), 'cairn-maintenance-'))
  const direct = directStore(files)
  const store: ArtifactStore = {
    ...direct,
    async fetch(path) {
      const bytes = files.get(path)
      if (!bytes) return undefined
      const file = join(folder, path.replaceAll('/', '+'))
      writeFileSync(file, bytes)
      return file
    },
    async stat(path) {
      const bytes = files.get(path)
      return bytes && { size: bytes.byteLength, modified: modified.get(path)! }
    },
    // In the order of a bucket, which lists the end of a run before the ends of its tasks.
    async *list(below) {
      const found = await Array.fromAsync(direct.list(below))
      for (const { path, size } of found.toSorted((a, b) => (a.path < b.path ? -1 : 1)))
        yield { path, size, modified: modified.get(path)! }
    },
    put: (path, content) => direct.put(path, 'file' in content ? readFileSync(content.file) : content),
    scratch: async () => mkdtempSync(join(folder, 'scratch-')),
  }
  return {
    ...host,
    store,
    make: (word: string) => host.run(kept, { settings: { 'make.word': word } }),
    spread: (...words: string[]) => host.run(kept, { settings: { 'spread.words': words } }),
    /** Lists the paths below a folder of the pipeline. */
    paths: (below: string) => [...files.keys()].filter((path) => path.startsWith(at.root + below)),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}
export type MaintenanceHost = ReturnType<typeof maintenanceHost>
