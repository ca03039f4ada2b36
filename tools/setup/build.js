// npm run build: builds each app and its worker processes into few large modules.
// Steps are never built: they run from their sources.
import { randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { distOf, isFresh, stampOf } from '../../apps/cli/bin/built.js'
import { APPS } from './apps.ts'
import { bundle, ROOT } from './bundle.ts'
import { folderAt, putInPlace } from './put-in-place.js'

const wanted = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(APPS)
for (const app of wanted) await build(app, APPS[app])

async function build(app, entries) {
  const dist = distOf(app)
  const before = folderAt(dist)
  const made = join(ROOT, 'node_modules', '.cache', 'cairn', `${app}.${randomUUID()}`)
  const chunks = await bundle(entries, {
    dir: made,
    // Relative to its final location.
    sourcemapPathTransform: (source, map) => relative(dist, resolve(dirname(map), source)),
  })
  const sources = chunks.flatMap(({ moduleIds }) => moduleIds.filter((id) => id.startsWith(ROOT)))
  writeFileSync(
    join(made, 'sources.json'),
    JSON.stringify(Object.fromEntries(sources.map((id) => [relative(ROOT, id), stampOf(relative(ROOT, id))]))),
  )
  putInPlace(made, dist, before, () => isFresh(app))
}
