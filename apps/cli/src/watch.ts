import { spawn, type ChildProcess } from 'node:child_process'
import { watch, type FSWatcher } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { Lab } from '@cairn/explore'
import type { Step } from '@cairn/kernel'
import type { ClosureSet } from '@cairn/records'
import { changedBy, type ChangeOptions } from './changes.ts'
import { paint } from './terminal/style.ts'
import { printNotes } from './terminal/print.ts'

/**
 * Runs this command again, without `--watch`, each time code of the pipeline or of a swapped step is saved. Each run has
 * its own process, as an imported module is never read again. A run in progress is stopped.
 */
export function watchCode(lab: Lab, options: ChangeOptions): Promise<void> {
  const [, ...words] = process.argv
  const args = words.filter((word) => word !== '--watch')
  let running: ChildProcess | undefined
  let waiting: NodeJS.Timeout | undefined
  /** Whether a file was saved since the current run started. */
  let isOutdated = false
  const run = () => {
    isOutdated = false
    running = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'] })
    running.once('exit', () => {
      running = undefined
      if (isOutdated) run()
      else printNotes(paint('dim', 'waiting for code to be saved; Ctrl-C ends this'))
    })
  }
  const restart = (file: string) => {
    printNotes(`\n${paint('dim', `${file} was saved`)}`)
    if (!running) return run()
    isOutdated = true
    running.kill('SIGTERM')
  }
  const onChange = (_: string, name: string | null) => {
    if (name === null || !CODE.test(name)) return
    clearTimeout(waiting) // an editor writes a file in several steps
    waiting = setTimeout(restart, DEBOUNCE_MS, name)
  }
  const watchers = new Map<string, FSWatcher>()
  const watchFiles = (files: readonly string[]) => {
    for (const folder of files.map((file) => dirname(file)))
      if (!watchers.has(folder)) watchers.set(folder, watch(folder, onChange))
  }
  watchFiles(filesOf(lab, options))
  swappedFilesOf(lab, options).then(watchFiles, () => {}) // the run prints what is wrong with a swapped step
  run()
  return new Promise((ended) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      process.once(signal, () => {
        clearTimeout(waiting)
        for (const watcher of watchers.values()) watcher.close()
        isOutdated = false
        running?.kill(signal)
        ended()
      })
  })
}

const CODE = /\.([cm]?[jt]s|json)$/
const DEBOUNCE_MS = 30

/** Every file with code that a step uses, and the files of swapped steps. */
function filesOf({ session }: Lab, { swap = [] }: ChangeOptions): string[] {
  const { loaded, graph, closures } = session
  const steps = [...graph.nodes.values()].flatMap((node) => (node.type === 'step' ? [node.step] : []))
  const swapped = swap.map((text) => resolve(text.slice(text.indexOf('=') + 1).split('#')[0]!))
  return [loaded.file, ...swapped, ...declaredIn(session, closures, steps)]
}

/** The same of the steps that are swapped in. Loads their code, which may take long. */
async function swappedFilesOf(lab: Lab, { swap = [] }: ChangeOptions): Promise<string[]> {
  if (swap.length === 0) return []
  const { planned, steps } = await (await changedBy(lab, { swap })).planned()
  return declaredIn(lab.session, planned.closures, [...steps.values()])
}

function declaredIn({ workspace }: Lab['session'], closures: ClosureSet, steps: readonly Step[]): string[] {
  return steps.flatMap((step) => {
    const body = closures.body(step)
    if (!body || !('manifest' in body)) return []
    return body.manifest.declarations.map(({ file }) => resolve(workspace.project.root, file))
  })
}
