import { readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const repository = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))))

/** Where `npm run build` puts an app as few large modules, which load in a third of the time. */
export function distOf(app) {
  return join(repository, 'apps', app, 'dist')
}

/** Whether what was built of an app is still what the sources say; while someone edits those, they are run themselves. */
export function isFresh(app) {
  try {
    const sources = JSON.parse(readFileSync(join(distOf(app), 'sources.json'), 'utf8'))
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
