import { fork, type ChildProcess } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { getCompileCacheDir } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { confinementStamp, confinedEnvironment, permissionOptions } from './confinement.ts'
import { TEMPORARY_PREFIX } from './folder-names.ts'
import { KnownSecrets } from './known-secrets.ts'
import type { ComputeOptions } from './options.ts'
import type { Stream } from './captured-output.ts'
import type { FromWorker, ToWorker } from './protocol.ts'

/** The program of a worker process, next to this module: from source, or built. */
const MAIN = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? './worker-main.ts' : './worker.js', import.meta.url),
)
const PAGE_BYTES = 4096
/** Milliseconds to wait for more output of a process after it has exited. */
const LAST_OUTPUT_MS = 500
/** More bytes than a pipe buffers. */
const PIPE_BYTES = 4 * 2 ** 20

/** A pool's worker process, seen from its parent. The constructor starts the process. */
export class WorkerProcess {
  /** Limit for JavaScript objects, in bytes. Fixed when the process starts. */
  readonly heap: number
  /** Its own folder for temporary files, if it is confined. */
  readonly temporary: string | undefined
  readonly #child: ChildProcess
  /** Why the process could not be started; undefined if it was. */
  failure: string | undefined
  /** All secrets that it has received: anything left of earlier work may still print one. */
  readonly secrets = new KnownSecrets()
  hasExited = false
  /** Whether it has been given work before. */
  isUsed = false
  readonly #exited = Promise.withResolvers<void>()
  #killed = false
  #idleTimer: NodeJS.Timeout | undefined
  /** Bytes of its output read so far. */
  #read = 0
  onMessage: (message: FromWorker) => void = () => {}
  onPrint: (bytes: Buffer, stream: Stream) => void = () => {}
  onExit: (exit: Exit) => void = () => {}

  readonly #root: string
  /** State of the project when the process was confined to it. */
  readonly #stamp: string | undefined

  /**
   * @param heap limit for JavaScript objects, in bytes
   * @param onGone called once the process has exited, before `onExit`
   */
  constructor(heap: number, { root, scratch, confinement }: WorkerOptions, onGone: () => void) {
    this.heap = heap
    this.#root = root
    this.#stamp = confinement && confinementStamp(root)
    this.temporary = confinement && mkdtempSync(join(scratch(), TEMPORARY_PREFIX))
    const heapMiB = Math.ceil(heap / 2 ** 20)
    this.#child = fork(MAIN, [String(process.pid)], {
      env: {
        ...(confinement ? confinedEnvironment(confinement, scratch(), this.temporary!) : openEnvironment()),
        ...LOCALE,
      },
      execArgv: [
        '--enable-source-maps',
        '--disable-warning=ExperimentalWarning',
        `--max-old-space-size=${heapMiB}`,
        ...conditionOptions(process.execArgv),
        ...(confinement ? permissionOptions(confinement, { root, scratch: scratch(), main: MAIN }) : []),
      ],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      serialization: 'advanced', // JSON would turn -0 into 0
      detached: true, // leads a process group, so that what bodies start is killed with it
    })
    let late: NodeJS.Timeout | undefined
    const exited = (exit: Exit) => {
      if (this.hasExited) return
      this.hasExited = true
      clearTimeout(late)
      this.#child.stdout?.destroy() // undefined if the process could not be started
      this.#child.stderr?.destroy()
      if (this.temporary !== undefined) rmSync(this.temporary, { recursive: true, force: true })
      onGone()
      this.onExit(exit)
      this.#exited.resolve()
    }
    this.#child.on('message', (message) => this.onMessage(message as FromWorker))
    this.#child.on('error', (error) => {
      this.failure = error.message
      exited({ code: null, signal: null })
    })
    this.#child.on('exit', (code, signal) => {
      void this.kill()
      const since = this.#read
      // Its own output is complete once no more arrives, or once as much as a pipe can buffer has arrived.
      const wait = (before: number) => {
        late = setTimeout(() => {
          setImmediate(() => {
            if (this.hasExited) return
            if (this.#read > before && this.#read - since < PIPE_BYTES) wait(this.#read)
            else exited({ code, signal })
          })
        }, LAST_OUTPUT_MS)
      }
      wait(this.#read)
    })
    // Emitted once all output is read. Never, while a process that left the group keeps the pipes open.
    this.#child.on('close', (code, signal) => exited({ code, signal }))
    for (const stream of ['stdout', 'stderr'] as const)
      this.#child[stream]?.on('data', (bytes: Buffer) => {
        this.#read += bytes.length
        this.onPrint(bytes, stream)
      })
  }

  /** Whether it can take work. False as soon as it is killed, although it takes a moment to exit. */
  get usable(): boolean {
    return !this.#killed && !this.hasExited
  }

  /** Whether entries of the project or its packages were added or removed since the process was confined to them. */
  get outdated(): boolean {
    return this.#stamp !== undefined && this.#stamp !== confinementStamp(this.#root)
  }

  send(message: ToWorker): void {
    if (this.#child.connected) this.#child.send(message, () => {}) // a failure needs no handling: the exit is reported
  }

  /**
   * Marks the process as idle or busy. An idle process does not keep its parent alive.
   *
   * @param atMost milliseconds after which an idle process is killed; default: never
   */
  setIdle(isIdle: boolean, atMost = Infinity): void {
    clearTimeout(this.#idleTimer)
    if (isIdle && atMost < Infinity) this.#idleTimer = setTimeout(() => void this.kill(), atMost).unref()
    const pipes = [this.#child.channel, this.#child.stdout, this.#child.stderr] as unknown as (
      { ref(): void; unref(): void } | undefined
    )[]
    for (const handle of [this.#child, ...pipes]) handle?.[isIdle ? 'unref' : 'ref']()
  }

  /** Kills the process and everything in its process group. Resolves once the process has exited. */
  async kill(): Promise<void> {
    this.#killed = true
    if (!this.hasExited && this.#child.pid !== undefined)
      try {
        process.kill(-this.#child.pid, 'SIGKILL')
      } catch {
        this.#child.kill('SIGKILL') // no process groups on this system, or the group has ended
      }
    await this.#exited.promise
  }

  /** Returns its resident memory in bytes; undefined if it has exited, or on a system without `/proc`. */
  memory(): number | undefined {
    try {
      return Number(readFileSync(`/proc/${this.#child.pid}/statm`, 'utf8').split(' ')[1]) * PAGE_BYTES
    } catch {
      return undefined
    }
  }
}

type WorkerOptions = Pick<ComputeOptions, 'root' | 'scratch' | 'confinement'>

/** How a process ended. Both are null if it could not be started. */
export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** Returns this process's environment without its secrets. A step gets the secrets that it declares. */
function openEnvironment(): NodeJS.ProcessEnv {
  const open = Object.entries(process.env).filter(([name]) => !name.startsWith('CAIRN_SECRET_'))
  const compiled = getCompileCacheDir() // its parent is shared by all versions of Node; Node appends its own version
  return { ...Object.fromEntries(open), ...(compiled && { NODE_COMPILE_CACHE: dirname(compiled) }) }
}

/** Results must not depend on the host: dates are in UTC, formatted numbers and dates in English. */
const LOCALE = { TZ: 'UTC', LC_ALL: 'en_US.UTF-8' }

/** Selects the options for export conditions, so that a worker resolves packages as this process does. */
function conditionOptions(options: readonly string[]): string[] {
  return options.filter(
    (option, at) => /^(--conditions|-C)/.test(option) || /^(--conditions|-C)$/.test(options[at - 1] ?? ''),
  )
}
