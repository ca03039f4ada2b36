// node tools/setup/complete-lockfile.js, after `npm install` has changed package-lock.json.
// npm leaves builds for other platforms out of the lockfile if the current registry does not offer them, and `npm ci` then
// refuses that lockfile. This adds them by name and version, with the platform from their names.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './install.js'

const file = join(root, 'package-lock.json')
const lock = JSON.parse(readFileSync(file, 'utf8'))
let added = 0
for (const [place, { optionalDependencies = {} }] of Object.entries(lock.packages)) {
  const beside = place.slice(0, place.lastIndexOf('node_modules/') + 'node_modules/'.length)
  for (const [name, version] of Object.entries(optionalDependencies)) {
    const platform = /[-/](darwin|linux|win32|freebsd|android|openharmony)-(\w+)(?:-(\w+))?$/.exec(name)
    if (!platform || !/^\d/.test(version) || lock.packages[beside + name]) continue
    const [, os, cpu, abi] = platform
    lock.packages[beside + name] = {
      version,
      cpu: [cpu],
      ...(abi?.startsWith('musl') ? { libc: ['musl'] } : abi?.startsWith('gnu') && { libc: ['glibc'] }),
      optional: true,
      os: [os],
    }
    added++
  }
}
const sorted = Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1))
writeFileSync(file, `${JSON.stringify({ ...lock, packages: Object.fromEntries(sorted) }, null, 2)}\n`)
console.log(`${added} builds for other platforms added`)
