// Tests run what users run, built from the current sources: the command line, and for tests on servers the services.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { isFresh } from '../../apps/cli/bin/built.js'
import { root } from './install.js'

export default function buildForTests({ name }) {
  const apps = name === 'servers' ? ['cli', 'stage', 'control'] : ['cli']
  const stale = apps.filter((app) => !isFresh(app))
  if (stale.length === 0) return
  const { status } = spawnSync(process.execPath, [join(root, 'tools/setup/build.js'), ...stale], { stdio: 'inherit' })
  if (status !== 0) throw new Error(`${stale.join(', ')} could not be built`)
}
