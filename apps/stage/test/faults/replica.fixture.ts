import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, globSync, openSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

const READY_MS = 300_000
const LEAVE_MS = 40_000

export interface Program {
  readonly name: string
  readonly args: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  /** Prefix of its log files: process number n writes to `<logs>-<n>.log`. */
  readonly logs: string
}

/** A service that is restarted whenever its process ends, as an orchestrator does. */
export class Replica {
  readonly program: Program
  /** Exit code or signal of each of its processes that has ended. */
  readonly ends: (number | string | null)[] = []
  #child: ChildProcess | undefined
  #exited = Promise.resolve<unknown>(undefined)
  #lives = 0
  #isKept = true
  readonly #onExit: () => void

  constructor(program: Program, onExit: () => void) {
    this.program = program
    this.#onExit = onExit
  }

  get pid(): number {
    return this.#child!.pid!
  }

  /** Output of the current process. */
  get log(): string {
    return readFileSync(this.#logOf(this.#lives), 'utf8')
  }

  /** Output of all its processes. */
  get logs(): string {
    return Array.from({ length: this.#lives }, (_, life) => readFileSync(this.#logOf(life + 1), 'utf8')).join('')
  }

  get url(): string | undefined {
    return /"url":"(http:[^"]+)","msg":"ready"/.exec(this.log)?.[1]
  }

  /** Starts the service if it was not started. Resolves once its current process, or the next one, listens. */
  async start(): Promise<this> {
    if (!this.#child) this.#spawn()
    const deadline = performance.now() + READY_MS
    while (this.url === undefined) {
      if (performance.now() > deadline) throw new Error(`${this.program.name} did not come up:\n${this.log}`)
      await sleep(50)
    }
    return this
  }

  /** Runs the service without restarts. Resolves with its exit code or signal. */
  once(): Promise<number | string | null> {
    this.#isKept = false
    this.#spawn()
    return this.ended()
  }

  signal(signal: NodeJS.Signals): void {
    this.#child!.kill(signal)
  }

  /** Resolves with the exit code or signal once the current process has ended. */
  async ended(): Promise<number | string | null> {
    await this.#exited
    return this.ends.at(-1)!
  }

  /** Sends SIGSTOP to the process and its children. Returns a function that continues them. */
  freeze(): () => void {
    const pids = [this.pid, ...childrenOf(this.pid)]
    for (const pid of pids) send(pid, 'SIGSTOP')
    return () => pids.forEach((pid) => send(pid, 'SIGCONT'))
  }

  /** Ends the current process, which is then restarted. Resolves with its exit code or signal. */
  async restart(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | string | null> {
    const ended = this.ended()
    this.signal(signal)
    return ended
  }

  /** Stops the service without a restart; sends SIGKILL after 40 s. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    this.#isKept = false
    this.signal(signal)
    this.signal('SIGCONT')
    const late = setTimeout(() => this.signal('SIGKILL'), LEAVE_MS)
    await this.#exited
    clearTimeout(late)
  }

  #logOf(life: number): string {
    return `${this.program.logs}-${life}.log`
  }

  #spawn(): void {
    const { args, cwd, env } = this.program
    const output = openSync(this.#logOf(++this.#lives), 'a')
    const child = spawn(process.execPath, args, {
      cwd,
      stdio: ['ignore', output, output],
      env: { ...process.env, ...env },
    })
    closeSync(output)
    this.#child = child
    this.#exited = once(child, 'exit').then(async ([code, signal]: (number | string | null)[]) => {
      this.ends.push(code ?? signal!)
      if (this.#isKept) this.#spawn()
      this.#onExit()
    })
  }
}

export function childrenOf(pid: number): number[] {
  return globSync(`/proc/${pid}/task/*/children`).flatMap((file) =>
    readFileSync(file, 'utf8').trim().split(' ').filter(Boolean).map(Number),
  )
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
