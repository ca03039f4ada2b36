import { spawn, type ChildProcess } from 'node:child_process'
import { watch, type FSWatcher } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { Lab } from '@cairn/explore'
import { changedBy, type ChangeOptions } from './changes.ts'
import { paint } from './terminal/style.ts'
import { printNotes } from './terminal/print.ts'

/**
 * Runs this command again, without `--watch`, each time code of the pipeline or of a swapped step is saved. Each run has
 * its own process, as an imported module is never read again. A run in progress is stopped.
 */
export async function watchCode(lab: Lab, options: ChangeOptions): Promise<void> {
  const folders = await foldersOf(lab, options)
  const [, ...words] = process.argv
  const again = words.filter((word) => word !== '--watch')
  let running: ChildProcess | undefined
  let waiting: NodeJS.Timeout | undefined
  /** Whether a file was saved since the current run started. */
  let isOld = false
  const run = () => {
    isOld = false
    running = spawn(process.execPath, again, { stdio: ['ignore', 'inherit', 'inherit'] })
    running.once('exit', () => {
      running = undefined
      if (isOld) run()
      else printNotes(paint('dim', 'waiting for code to be saved; Ctrl-C ends this'))
    })
  }
  const restart = (file: string) => {
    printNotes(`\n${paint('dim', `${file} was saved`)}`)
    if (!running) return run()
    isOld = true
    running.kill('SIGTERM')
  }
  const heard = (_: string, name: string | null) => {
    if (name === null || !CODE.test(name)) return
    clearTimeout(waiting) // an editor writes a file in several steps
    waiting = setTimeout(restart, SETTLED_MS, name)
  }
  const watchers = folders.map((folder) => watch(folder, heard))
  run()
  return new Promise((ended) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      process.once(signal, () => {
        clearTimeout(waiting)
        watchers.forEach((watcher: FSWatcher) => watcher.close())
        isOld = false
        running?.kill(signal)
        ended()
      })
  })
}

const CODE = /\.([cm]?[jt]s|json)$/
const SETTLED_MS = 30

/** Every folder with code that a step uses, also of a step that is swapped in, as far as its code is valid now. */
async function foldersOf(lab: Lab, options: ChangeOptions): Promise<string[]> {
  const { workspace, loaded, graph, closures } = lab.session
  const { swap = [] } = options
  const files = [loaded.file, ...swap.map((text) => resolve(text.slice(text.indexOf('=') + 1).split('#')[0]!))]
  const changed = await changedBy(lab, options)
    .then((changed) => changed.planned())
    .catch(() => undefined) // the first run prints why
  const codes = [
    { closures, steps: [...graph.nodes.values()].flatMap((node) => (node.type === 'step' ? [node.step] : [])) },
    ...(changed ? [{ closures: changed.planned.closures, steps: [...changed.steps.values()] }] : []),
  ]
  for (const { closures, steps } of codes)
    for (const step of steps) {
      const body = closures.body(step)
      if (body && 'manifest' in body)
        files.push(...body.manifest.declarations.map(({ file }) => resolve(workspace.project.root, file)))
    }
  return [...new Set(files.map((file) => dirname(file)))]
}
