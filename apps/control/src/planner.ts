import { spawn, type ChildProcess } from 'node:child_process'
import { CairnError, jsonText } from '@cairn/kernel'
import type { ErrorRecord } from '@cairn/records'
import type { Connection } from '@cairn/drivers/connection'
import type { RunRequest } from '@cairn/workspace'

interface PipelineTarget {
  readonly root: string
  readonly connection: Connection
  readonly pipeline: string
}
/** What to plan. */
export interface PlanningRequest extends PipelineTarget {
  readonly request: RunRequest
  /** Only shows the plan; without it, a run is started. */
  readonly show?: ShowOptions
}
export interface ShowOptions {
  /** Only show this item of a step: `score/3`. */
  readonly item?: string | undefined
}
/** The run to check against the expectations of the pipeline. */
export interface ExpectationsRequest extends PipelineTarget {
  readonly run: string
  readonly champion: string
}
/** Only check whether the pipeline exists. */
export interface ExistenceRequest extends PipelineTarget {
  readonly exists: true
}
/** Only check whether the project's settings name existing pipelines. */
export interface SettingsRequest extends PipelineTarget {
  readonly settings: true
}
export type PlannerRequest = PlanningRequest | ExpectationsRequest | ExistenceRequest | SettingsRequest
export interface Expectations {
  /** Expectations that are not met. */
  readonly broken: readonly string[]
}

/** The response of a planner to a request. */
export interface PlannerResponse {
  /** The code has changed since it was loaded, so the result is void. */
  readonly isStale?: true
  /** Whether it accepts no more requests. */
  readonly isLast: boolean
  readonly answer?: object | { readonly error: ErrorRecord }
}

const DEADLINE_MS = 120_000
const MAX_STDERR_LENGTH = 4_000

/** A process that runs the project's code, which is never loaded into the process with the tokens. */
export class Planner {
  /** Number of requests that it received. */
  requests = 0
  readonly #child: ChildProcess
  readonly #ended: Promise<string>
  #stderr = ''

  /** @param main the program that handles requests */
  constructor(main: string) {
    // In an image, the options of this process make Cairn's packages resolve to their builds.
    const child = spawn(process.execPath, [...process.execArgv, main], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: { ...process.env, NODE_OPTIONS: '' },
    })
    this.#child = child
    child.stderr!.on('data', (data) => (this.#stderr = (this.#stderr + String(data)).slice(-MAX_STDERR_LENGTH)))
    this.#ended = new Promise((ended) => {
      child.on('error', (error) => ended(error.message))
      child.on('close', (code, signal) => ended(`${code ?? signal}: ${this.#stderr}`))
    })
  }

  get hasEnded(): boolean {
    return !this.#child.connected
  }

  /** @throws CairnError STEP_CRASHED if the process ends, TIMED_OUT if it takes too long */
  async ask(request: PlannerRequest): Promise<PlannerResponse> {
    this.requests++
    const response = Promise.withResolvers<PlannerResponse>()
    const onResponse = (text: unknown) => response.resolve(JSON.parse(String(text)) as PlannerResponse)
    const timer = setTimeout(() => {
      response.reject(
        new CairnError('TIMED_OUT', `planning ${request.pipeline} took longer than ${DEADLINE_MS / 1000} s`),
      )
      this.end()
    }, DEADLINE_MS)
    this.#child.once('message', onResponse)
    void this.#ended.then((how) => {
      response.reject(new CairnError('STEP_CRASHED', `the process that planned ${request.pipeline} ended with ${how}`))
    })
    this.#child.send(jsonText(request), (error) => error && response.reject(error))
    try {
      return await response.promise
    } finally {
      clearTimeout(timer)
      this.#child.off('message', onResponse)
    }
  }

  end(): void {
    this.#child.kill('SIGKILL')
  }
}
