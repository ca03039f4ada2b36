// Plain JavaScript for the machine's own Node: at this point nothing is installed.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isFresh } from '../../apps/cli/bin/built.js'

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
/** Node 24, an npm package like any other. */
const node = join(root, 'node_modules', 'node', 'bin', 'node')

// onnxruntime-node would otherwise download GPU libraries from outside the npm registry.
const env = { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'skip', NX_DAEMON: 'false' }

/** Installs the packages of the lockfile and builds the command line, unless both are up to date. */
export function install() {
  const stamp = join(root, 'node_modules', '.cairn-installed')
  const wanted = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex')
  if (!existsSync(node) || !existsSync(stamp) || readFileSync(stamp, 'utf8') !== wanted) {
    console.error('Installing the packages of package-lock.json (once; about half a minute) …')
    const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
    const { status } = spawnSync(npm, ['ci', '--no-audit', '--no-fund', '--loglevel', 'error'], {
      cwd: root,
      env,
      stdio: ['ignore', 2, 2],
    })
    if (status !== 0) {
      console.error('error  npm ci failed\nnext   see its message above; check that the npm registry can be reached')
      process.exit(1)
    }
    writeFileSync(stamp, wanted)
  }
  if (!isFresh('cli'))
    spawnSync(node, [join(root, 'tools/setup/build.js'), 'cli'], { cwd: root, env, stdio: ['ignore', 2, 2] })
}

/** Runs a program of this project with the installed Node. Returns its exit code, or that of the shell for a signal. */
export function run(script, args, more = {}) {
  const { status, signal } = spawnSync(node, [join(root, script), ...args], {
    cwd: root,
    env: { ...env, ...more },
    stdio: 'inherit',
  })
  return status ?? (signal === 'SIGINT' ? 130 : 143)
}
