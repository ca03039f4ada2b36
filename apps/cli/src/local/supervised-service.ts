import { spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isGone, processName } from '@cairn/drivers/process-id'
import { stopProcess } from '@cairn/drivers/stop-process'
import { silentMs, stopsAnswering } from './liveness.ts'
import { markOf } from './marked.ts'
import type { Service, Stack, Watch } from './stack.ts'

const MIN_RESTART_MS = 500
const MAX_RESTART_MS = 15_000
/** A service that ran this long counts as healthy: the next restart does not wait. */
const HEALTHY_MS = 30_000
/** Longer than the services' own shutdown time. */
const STOP_MS = 30_000
/** How often a process that is not a child is checked. */
const CHECK_MS = 200

/** A supervised service: its process is restarted whenever it ends, with growing delays, or no longer answers. */
export class SupervisedService {
  readonly service: Service
  /** The process, while one is running. */
  process: string | undefined
  readonly #stack: Stack
  readonly #changed: () => void
  readonly #stopped = new AbortController()
  readonly #done: Promise<void>
  #since: string
  #restarts: number
  #ended: string | undefined
  /** The process that is stopped because it does not answer. */
  #silent: string | undefined

  /** @param found a process of the service that an earlier supervisor started */
  constructor(stack: Stack, service: Service, changed: () => void, found?: string, before?: Watch) {
    this.service = service
    this.#stack = stack
    this.#changed = changed
    this.#since = before?.since ?? new Date().toISOString()
    this.#restarts = before?.restarts ?? 0
    this.#ended = before?.ended
    this.#done = this.#keepRunning(found)
  }

  get watch(): Watch {
    const ended = this.#ended
    return {
      version: this.service.version,
      since: this.#since,
      restarts: this.#restarts,
      ...(ended !== undefined && { ended }),
    }
  }

  /** Stops the process for good; resolves when it is gone. */
  async stop(): Promise<void> {
    this.#stopped.abort()
    while (this.process !== undefined && !(await stopProcess(this.process, STOP_MS)));
    await this.#done
  }

  async #keepRunning(found: string | undefined): Promise<void> {
    const { signal } = this.#stopped
    let wait = MIN_RESTART_MS
    for (let adopted = found; !signal.aborted; adopted = undefined) {
      const startedAt = performance.now()
      const how = await (adopted === undefined ? this.#run() : this.#adopt(adopted))
      const ended = this.process !== undefined && this.process === this.#silent ? 'no longer answered' : how
      this.process = undefined
      this.#since = new Date().toISOString()
      this.#ended = ended
      this.#changed()
      if (signal.aborted) return
      wait = performance.now() - startedAt > HEALTHY_MS ? MIN_RESTART_MS : Math.min(wait * 2, MAX_RESTART_MS)
      await sleep(wait, undefined, { signal }).catch(() => {})
      this.#restarts++
    }
  }

  /** Starts a process; resolves with how it ended. It has its own process group, so that signals to this one's do not reach it. */
  async #run(): Promise<string> {
    const { name, program, args, env, version } = this.service
    const stack = this.#stack
    let output: number | undefined
    try {
      const log = stack.log(name)
      mkdirSync(dirname(log), { recursive: true })
      output = openSync(log, 'a', 0o600)
      const child = spawn(program, args, {
        cwd: stack.root,
        env: { ...inherited(), ...env, ...markOf(stack.folder, name, version) },
        stdio: ['ignore', output, output],
        detached: true,
      })
      const ended = new Promise<string>((done) => {
        child.once('error', ({ message }) => done(message))
        child.once('exit', (code, by) => done(by === null ? `exited with code ${code}` : `was killed by ${by}`))
      })
      if (child.pid !== undefined) this.#began(processName(child.pid), new Date().toISOString(), false)
      return await ended
    } catch (error) {
      return (error as Error).message // the machine is out of memory or file handles: a later try may succeed
    } finally {
      if (output !== undefined) closeSync(output)
    }
  }

  async #adopt(process: string): Promise<string> {
    this.#began(process, this.#since, true)
    while (!isGone(process)) await sleep(CHECK_MS)
    return 'ended'
  }

  #began(process: string, since: string, hasAnswered: boolean): void {
    this.process = process
    this.#since = since
    this.#changed()
    if (this.service.probe === 'http') void this.#stopOnceSilent(process, hasAnswered)
  }

  async #stopOnceSilent(process: string, hasAnswered: boolean): Promise<void> {
    const isOver = () => this.#stopped.signal.aborted || this.process !== process
    if (!(await stopsAnswering(this.service.url, { hasAnswered, isOver, silentMs: silentMs() }))) return
    this.#silent = process
    await stopProcess(process)
  }
}

/** The environment without secrets: a service only gets those that it needs. */
function inherited(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('CAIRN_SECRET_')))
}
