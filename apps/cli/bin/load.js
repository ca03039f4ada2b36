// Loads the build if it is up to date, and the sources otherwise, which need Node 24.
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { distOf, isFresh } from './built.js'
import { rerun } from './newer-node.js'

const built = (name) => import(pathToFileURL(join(distOf('cli'), name)).href)
if (isFresh('cli')) {
  await built('module-redirects.js')
  await built('main.js')
} else if (Number(process.versions.node.split('.')[0]) < 24)
  rerun(fileURLToPath(new URL('./cairn.js', import.meta.url)), '24')
else await import('../src/main.ts')
