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
  /** Takes what it prints; each of its lives has one of its own. */
  readonly logs: string
}

/** A service as an orchestrator keeps it: when its process dies, another takes its place. */
export class Replica {
  readonly program: Program
  /** How each of its processes ended. */
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

  /** What the present process has printed. */
  get log(): string {
    return readFileSync(this.#logOf(this.#lives), 'utf8')
  }

  /** What all have. */
  get logs(): string {
    return Array.from({ length: this.#lives }, (_, life) => readFileSync(this.#logOf(life + 1), 'utf8')).join('')
  }

  get url(): string | undefined {
    return /"url":"(http:[^"]+)","msg":"ready"/.exec(this.log)?.[1]
  }

  /** Resolves once the present process, or the one in its place, listens. */
  async start(): Promise<this> {
    if (!this.#child) this.#spawn()
    const deadline = performance.now() + READY_MS
    while (this.url === undefined) {
      if (performance.now() > deadline) throw new Error(`${this.program.name} did not come up:\n${this.log}`)
      await sleep(50)
    }
    return this
  }

  /** Lets it live once; resolves with how it ended. */
  once(): Promise<number | string | null> {
    this.#isKept = false
    this.#spawn()
    return this.ended()
  }

  signal(signal: NodeJS.Signals): void {
    this.#child!.kill(signal)
  }

  /** Resolves when the present process has ended, with its exit code or signal. */
  async ended(): Promise<number | string | null> {
    await this.#exited
    return this.ends.at(-1)!
  }

  /** Stops the process and those that it has started; gives what lets them go on. */
  freeze(): () => void {
    const pids = [this.pid, ...childrenOf(this.pid)]
    for (const pid of pids) send(pid, 'SIGSTOP')
    return () => pids.forEach((pid) => send(pid, 'SIGCONT'))
  }

  /** Ends the present process; another takes its place. */
  async restart(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | string | null> {
    const ended = this.ended()
    this.signal(signal)
    return ended
  }

  /** Ends it for good. */
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
