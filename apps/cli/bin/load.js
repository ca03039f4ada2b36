// Loads the build if it is up to date, and the sources otherwise.
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { distOf, isFresh } from './built.js'

const built = (name) => import(pathToFileURL(join(distOf('cli'), name)).href)
if (isFresh('cli')) {
  await built('module-redirects.js')
  await built('main.js')
} else await import('../src/main.ts')
