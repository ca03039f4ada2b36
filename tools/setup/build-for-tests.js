// The tests of the command line run what users run: the built one, of today's sources.
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { isFresh } from '../../apps/cli/bin/built.js'
import { root } from './install.js'

export default function buildForTests() {
  if (!isFresh('cli')) execFileSync(process.execPath, [join(root, 'tools/setup/build.js'), 'cli'], { stdio: 'inherit' })
}
