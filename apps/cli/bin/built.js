import { readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const app = dirname(dirname(fileURLToPath(import.meta.url)))
const repository = dirname(dirname(app))

/** Where `npm run build` puts the command line as few large modules, which load in a third of the time. */
export const dist = join(app, 'dist')

/** Whether what was built is still what the sources say; while someone edits those, they are run themselves. */
export function isFresh() {
  try {
    const sources = JSON.parse(readFileSync(join(dist, 'sources.json'), 'utf8'))
    return Object.entries(sources).every(([file, stamp]) => stampOf(file) === stamp)
  } catch {
    return false
  }
}

/** @param {string} file path from the repository's folder */
export function stampOf(file) {
  const { size, mtimeMs } = statSync(join(repository, file))
  return `${size} ${mtimeMs}`
}
