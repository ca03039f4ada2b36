import { fork, type ChildProcess } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { getCompileCacheDir } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { confinementStamp, environmentWithin, permissionOptions } from './confinement.ts'
import { TEMPORARY } from './folder-names.ts'
import { KnownSecrets } from './known-secrets.ts'
import type { ComputeOptions } from './options.ts'
import type { Stream } from './printed.ts'
import type { FromWorker, ToWorker } from './protocol.ts'

/** Beside this module: as source, or as it was built. */
const MAIN = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? './worker-main.ts' : './worker.js', import.meta.url),
)
const PAGE_BYTES = 4096
/** How long to wait for more of what a process has printed, once it has exited. */
const LAST_WORDS_MS = 500
/** More than a pipe holds. */
const PIPE_BYTES = 4 * 2 ** 20

/** A pool's process, seen from its parent. */
export class WorkerProcess {
  /** The most that JavaScript objects may take, in bytes: fixed when the process starts. */
  readonly heap: number
  /** Where it has its temporary files, if not where the system has them. */
  readonly temporary: string | undefined
  readonly #child: ChildProcess
  /** Why it could not be started, if so. */
  failure: string | undefined
  /** Values of all secrets that it has been given: what is left of earlier work in it may still tell one. */
  readonly secrets = new KnownSecrets()
  gone = false
  /** Whether it has been given work before. */
  isUsed = false
  readonly #left = Promise.withResolvers<void>()
  #killed = false
  #tired: NodeJS.Timeout | undefined
  /** Bytes that it has printed. */
  #read = 0
  onMessage: (message: FromWorker) => void = () => {}
  onPrint: (bytes: Buffer, stream: Stream) => void = () => {}
  onExit: (exit: Exit) => void = () => {}

  readonly #root: string
  /** Of what it was confined to. */
  readonly #stamp: string | undefined

  constructor(heap: number, { root, scratch, confinement }: WorkerOptions, gone: () => void) {
    this.heap = heap
    this.#root = root
    this.#stamp = confinement && confinementStamp(root)
    this.temporary = confinement && mkdtempSync(join(scratch(), TEMPORARY))
    const heapMiB = Math.ceil(heap / 2 ** 20)
    this.#child = fork(MAIN, [String(process.pid)], {
      env: {
        ...(confinement ? environmentWithin(confinement, scratch(), this.temporary!) : openEnvironment()),
        ...EVERYWHERE,
      },
      execArgv: [
        '--enable-source-maps',
        '--disable-warning=ExperimentalWarning',
        `--max-old-space-size=${heapMiB}`,
        ...conditionOptions(process.execArgv),
        ...(confinement ? permissionOptions(confinement, { root, scratch: scratch(), main: MAIN }) : []),
      ],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      serialization: 'advanced', // as JSON, -0 would arrive as 0
      detached: true, // leads a group: what a body starts ends with it
    })
    let late: NodeJS.Timeout | undefined
    const left = (exit: Exit) => {
      if (this.gone) return
      this.gone = true
      clearTimeout(late)
      this.#child.stdout?.destroy() // there is none where the process could not be started
      this.#child.stderr?.destroy()
      if (this.temporary !== undefined) rmSync(this.temporary, { recursive: true, force: true })
      gone()
      this.onExit(exit)
      this.#left.resolve()
    }
    this.#child.on('message', (message) => this.onMessage(message as FromWorker))
    this.#child.on('error', (error) => {
      this.failure = error.message
      left({ code: null, signal: null })
    })
    this.#child.on('exit', (code, signal) => {
      void this.kill()
      const since = this.#read
      // All that it wrote itself is read when nothing more comes, or as much as a pipe can hold.
      const wait = (before: number) => {
        late = setTimeout(() => {
          setImmediate(() => {
            if (this.gone) return
            if (this.#read > before && this.#read - since < PIPE_BYTES) wait(this.#read)
            else left({ code, signal })
          })
        }, LAST_WORDS_MS)
      }
      wait(this.#read)
    })
    // Once all that it wrote has been read: never, as long as something that left its group holds its streams.
    this.#child.on('close', (code, signal) => left({ code, signal }))
    for (const stream of ['stdout', 'stderr'] as const)
      this.#child[stream]?.on('data', (bytes: Buffer) => {
        this.#read += bytes.length
        this.onPrint(bytes, stream)
      })
  }

  /** Whether it can be given work: not from the moment on when it is killed, though it takes a little while to go. */
  get usable(): boolean {
    return !this.#killed && !this.gone
  }

  /** Whether it was confined to a project that has other parts by now. */
  get outdated(): boolean {
    return this.#stamp !== undefined && this.#stamp !== confinementStamp(this.#root)
  }

  say(message: ToWorker): void {
    if (this.#child.connected) this.#child.send(message, () => {}) // what can no longer be sent is told by the exit
  }

  /**
   * Whether the parent may end although this process waits for work.
   *
   * @param atMost for how long it may wait, in milliseconds, before it is ended
   */
  rest(resting: boolean, atMost = Infinity): void {
    clearTimeout(this.#tired)
    if (resting && atMost < Infinity) this.#tired = setTimeout(() => void this.kill(), atMost).unref()
    const pipes = [this.#child.channel, this.#child.stdout, this.#child.stderr] as unknown as (
      { ref(): void; unref(): void } | undefined
    )[]
    for (const handle of [this.#child, ...pipes]) handle?.[resting ? 'unref' : 'ref']()
  }

  /** Ends it and what it has started. Resolves once it is gone. */
  async kill(): Promise<void> {
    this.#killed = true
    if (!this.gone && this.#child.pid !== undefined)
      try {
        process.kill(-this.#child.pid, 'SIGKILL')
      } catch {
        this.#child.kill('SIGKILL') // no groups here, or all of it has gone
      }
    await this.#left.promise
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

type WorkerOptions = Pick<ComputeOptions, 'root' | 'scratch' | 'confinement'>

export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** The parent's environment without its secrets: those a step gets by name. */
function openEnvironment(): NodeJS.ProcessEnv {
  const open = Object.entries(process.env).filter(([name]) => !name.startsWith('CAIRN_SECRET_'))
  const compiled = getCompileCacheDir() // one for this version of Node, in the folder that all versions share
  return { ...Object.fromEntries(open), ...(compiled && { NODE_COMPILE_CACHE: dirname(compiled) }) }
}

/** What a body gives must not depend on where it runs: dates are in UTC, numbers and dates as text in English. */
const EVERYWHERE = { TZ: 'UTC', LC_ALL: 'en_US.UTF-8' }

/** By these a worker loads the same files of packages as this process. */
function conditionOptions(options: readonly string[]): string[] {
  return options.filter(
    (option, at) => /^(--conditions|-C)/.test(option) || /^(--conditions|-C)$/.test(options[at - 1] ?? ''),
  )
}
