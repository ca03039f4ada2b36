import { spawn, type ChildProcess } from 'node:child_process'
import { CairnError, jsonText } from '@cairn/kernel'
import type { ErrorRecord } from '@cairn/records'
import type { Connection } from '@cairn/drivers/connection'
import type { RunRequest } from '@cairn/workspace'

interface Place {
  readonly root: string
  readonly connection: Connection
  readonly pipeline: string
}
/** What to plan. */
export interface PlanOrder extends Place {
  readonly request: RunRequest
  /** The plan is only shown; without it, a run is started. */
  readonly show?: ShowOptions
}
export interface ShowOptions {
  /** The item of a step to show alone: `score/3`. */
  readonly item?: string | undefined
}
/** Of which run to look whether it may take the champion's place. */
export interface ExpectationsOrder extends Place {
  readonly run: string
  readonly champion: string
}
/** Whether there is such a pipeline. */
export interface ExistenceOrder extends Place {
  readonly exists: true
}
/** Whether the project's settings name only pipelines that there are. */
export interface SettingsOrder extends Place {
  readonly settings: true
}
export type Order = PlanOrder | ExpectationsOrder | ExistenceOrder | SettingsOrder
export interface Expectations {
  /** What is expected and does not hold. */
  readonly broken: readonly string[]
}

/** What a planner tells of an order. */
export interface Reply {
  /** The code has changed since it was loaded: nothing that was made of it counts. */
  readonly isStale?: true
  /** It takes no more orders. */
  readonly isLast: boolean
  readonly answer?: object | { readonly error: ErrorRecord }
}

const DEADLINE_MS = 120_000
const COMPLAINTS = 4_000

/** A process that does orders with the project's code: nothing of that is in the process that holds the tokens. */
export class Planner {
  /** Orders that it has been given. */
  orders = 0
  readonly #child: ChildProcess
  readonly #ended: Promise<string>
  #complaints = ''

  /** @param main the program that takes orders */
  constructor(main: string) {
    // In an image, Cairn's packages lead to what was built of them by what this process was started with.
    const child = spawn(process.execPath, [...process.execArgv, main], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: { ...process.env, NODE_OPTIONS: '' },
    })
    this.#child = child
    child.stderr!.on('data', (data) => (this.#complaints = (this.#complaints + String(data)).slice(-COMPLAINTS)))
    this.#ended = new Promise((ended) => {
      child.on('error', (error) => ended(error.message))
      child.on('close', (code, signal) => ended(`${code ?? signal}: ${this.#complaints}`))
    })
  }

  get hasEnded(): boolean {
    return !this.#child.connected
  }

  /** @throws CairnError STEP_CRASHED when the process ends, TIMED_OUT when it takes too long */
  async ask(order: Order): Promise<Reply> {
    this.orders++
    const reply = Promise.withResolvers<Reply>()
    const hear = (text: unknown) => reply.resolve(JSON.parse(String(text)) as Reply)
    const late = setTimeout(() => {
      reply.reject(new CairnError('TIMED_OUT', `planning ${order.pipeline} took longer than ${DEADLINE_MS / 1000} s`))
      this.end()
    }, DEADLINE_MS)
    this.#child.once('message', hear)
    void this.#ended.then((how) => {
      reply.reject(new CairnError('STEP_CRASHED', `the process that planned ${order.pipeline} ended with ${how}`))
    })
    this.#child.send(jsonText(order), (error) => error && reply.reject(error))
    try {
      return await reply.promise
    } finally {
      clearTimeout(late)
      this.#child.off('message', hear)
    }
  }

  end(): void {
    this.#child.kill('SIGKILL')
  }
}
