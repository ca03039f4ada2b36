#!/usr/bin/env node
// Plain JavaScript, so that any Node gets as far as the message about its version.
import module from 'node:module'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const OLDEST = '22.19'
const [major, minor] = process.versions.node.split('.').map(Number)
const [least, leastMinor] = OLDEST.split('.').map(Number)
if (major > least || (major === least && minor >= leastMinor)) {
  module.enableCompileCache(join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'cairn', 'compile'))
  await import('./load.js')
} else (await import('./newer-node.js')).rerun(fileURLToPath(import.meta.url), OLDEST)
