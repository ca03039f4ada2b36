import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Runs a command again with the Node that is installed as an npm package, if there is one nearby. */
export function rerun(main, oldest) {
  const here = dirname(fileURLToPath(import.meta.url))
  for (let folder of [process.cwd(), here])
    for (; folder !== dirname(folder); folder = dirname(folder)) {
      const node = join(folder, 'node_modules', 'node', 'bin', 'node')
      if (!existsSync(node) || node === process.execPath) continue
      const child = spawn(node, [main, ...process.argv.slice(2)], { stdio: 'inherit' })
      for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
      child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 143)))
      return
    }
  console.error(
    `cairn needs Node ${oldest} or newer, and this is Node ${process.versions.node}\n  next: npm install --save-dev node@24`,
  )
  process.exit(1)
}
