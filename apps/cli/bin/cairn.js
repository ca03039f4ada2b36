#!/usr/bin/env node
// Plain JavaScript, so that any Node gets as far as the message below.
import { existsSync } from 'node:fs'
import module from 'node:module'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const [major, minor] = process.versions.node.split('.').map(Number)
if (major > 24 || (major === 24 && minor >= 2)) {
  module.enableCompileCache(join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'cairn', 'compile'))
  const { distOf, isFresh } = await import('./built.js')
  const built = (name) => import(pathToFileURL(join(distOf('cli'), name)).href)
  if (isFresh('cli')) await built('module-redirects.js').then(() => built('main.js'))
  else await import('../src/main.ts')
} else await rerun()

/** With the Node that is installed as an npm package, if there is one nearby. */
async function rerun() {
  const { spawn } = await import('node:child_process')
  const here = fileURLToPath(import.meta.url)
  for (let folder of [process.cwd(), dirname(here)])
    for (; folder !== dirname(folder); folder = dirname(folder)) {
      const node = join(folder, 'node_modules', 'node', 'bin', 'node')
      if (!existsSync(node)) continue
      const child = spawn(node, [here, ...process.argv.slice(2)], { stdio: 'inherit' })
      for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
      child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 143)))
      return
    }
  console.error(
    `cairn needs Node 24, and this is Node ${process.versions.node}\n  next: npm install --save-dev node@24`,
  )
  process.exit(1)
}
