import { fork, type ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { getCompileCacheDir } from 'node:module'
import { dirname, extname } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { FromWorker, ToWorker } from './protocol.ts'

/** Beside this module: as source, or as it was built. */
const MAIN = fileURLToPath(new URL(`./worker${extname(import.meta.url)}`, import.meta.url))
const PAGE_BYTES = 4096

/** A pool's process, seen from its parent. */
export class WorkerProcess {
  /** The most that JavaScript objects may take, in bytes: fixed when the process starts. */
  readonly heap: number
  readonly #child: ChildProcess
  /** The end of what it wrote to its standard error: V8 tells there why it gave up. */
  lastWords = ''
  gone = false
  onMessage: (message: FromWorker) => void = () => {}
  onLine: (line: string, stream: 'stdout' | 'stderr') => void = () => {}
  onExit: (exit: Exit) => void = () => {}

  constructor(heap: number, gone: () => void) {
    this.heap = heap
    const heapMiB = Math.ceil(heap / 2 ** 20)
    this.#child = fork(MAIN, [String(process.pid)], {
      env: environment(),
      execArgv: ['--enable-source-maps', '--disable-warning=ExperimentalWarning', `--max-old-space-size=${heapMiB}`],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    const left = (exit: Exit) => {
      if (this.gone) return
      this.gone = true
      gone()
      this.onExit(exit)
    }
    this.#child.on('message', (message) => this.onMessage(message as FromWorker))
    this.#child.on('error', (error) => {
      this.lastWords += error.message
      left({ code: null, signal: null })
    })
    // 'close' comes after 'exit', once all that it wrote has been read.
    this.#child.on('close', (code, signal) => left({ code, signal }))
    for (const stream of ['stdout', 'stderr'] as const)
      createInterface(this.#child[stream]!).on('line', (line) => {
        if (stream === 'stderr') this.lastWords = `${this.lastWords}\n${line}`.slice(-4096)
        this.onLine(line, stream)
      })
  }

  say(message: ToWorker): void {
    if (this.#child.connected) this.#child.send(message, () => {}) // what can no longer be sent is told by the exit
  }

  /** Whether the parent may end although this process waits for work. */
  rest(resting: boolean): void {
    const pipes = [this.#child.channel, this.#child.stdout, this.#child.stderr] as unknown as {
      ref(): void
      unref(): void
    }[]
    for (const handle of [this.#child, ...pipes]) handle[resting ? 'unref' : 'ref']()
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }

  /** Bytes of memory in use; undefined where the system does not tell. */
  memory(): number | undefined {
    try {
      return Number(readFileSync(`/proc/${this.#child.pid}/statm`, 'utf8').split(' ')[1]) * PAGE_BYTES
    } catch {
      return undefined
    }
  }
}

export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** The parent's environment without its secrets: those a step gets by name. Dates are in UTC wherever it runs. */
function environment(): NodeJS.ProcessEnv {
  const open = Object.entries(process.env).filter(([name]) => !name.startsWith('CAIRN_SECRET_'))
  const compiled = getCompileCacheDir() // one for this version of Node, in the folder that all versions share
  return { ...Object.fromEntries(open), TZ: 'UTC', ...(compiled && { NODE_COMPILE_CACHE: dirname(compiled) }) }
}
