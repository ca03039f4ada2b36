import { generateKeyPairSync } from 'node:crypto'
import { CairnError } from '@cairn/kernel'
import { memoryStore } from '@cairn/drivers/store/memory'
import type { ConcurrencySettings } from '@cairn/workspace'
import {
  claim,
  layout,
  RECORD_VERSION,
  systemClock,
  type ArtifactStore,
  type CairnEvent,
  type Plan,
} from '@cairn/records'
import { RunQueue } from './run-queue.ts'
import { Submissions } from './submissions.ts'
import { PlanSigning } from './plan-signing.ts'

export const ENV = 'test'
const planSigning = new PlanSigning({ name: 'control', key: generateKeyPairSync('ed25519').privateKey })
export const planOf = (pipeline: string, run: string): Plan => ({
  v: RECORD_VERSION,
  run,
  env: ENV,
  pipeline,
  createdAt: 1,
  params: {},
  steps: { load: { code: { inline: 'a test' }, source: false, outputs: {} } },
  nodes: { load: { type: 'step', step: 'load', scope: [], guards: [], inputs: {}, params: {} } },
  outputs: {},
  queued: true,
})

/** A plan as a planner returns it. */
function stored(pipeline: string, run: string): Plan {
  const { queued: _, ...plan } = planOf(pipeline, run)
  const code = { fingerprint: 'f'.repeat(64), digest: 'd'.repeat(64), packages: 'p'.repeat(64) }
  return { ...plan, steps: { load: { ...plan.steps['load']!, code } } }
}

/** Counts the store requests of a process, which can die at one of them, before or after it takes effect. */
export class Requests {
  count = 0
  readonly #dies: { readonly at: number; readonly after: boolean } | undefined

  constructor(dies?: { readonly at: number; readonly after: boolean }) {
    this.#dies = dies
  }

  async ask<Result>(work: () => Promise<Result>): Promise<Result> {
    this.count++
    const { at, after } = this.#dies ?? { at: Infinity, after: false }
    if (this.count > at || (this.count === at && !after)) throw new Error('dead')
    const result = await work()
    if (this.count === at) throw new Error('dead')
    return result
  }
}

/** An environment: its store, published events, and copies of control that may die at any request. */
export class World {
  readonly store = memoryStore()
  readonly started: string[] = []
  readonly failures: string[] = []
  concurrency: ConcurrencySettings
  checkSettings = async (): Promise<void> => {}
  /** Pipelines that were removed from the project. */
  readonly removed = new Set<string>()
  /** In milliseconds: `later` lets time pass, `ahead` sets the clock. */
  readonly clock = {
    ...systemClock,
    later: 0,
    ahead: 0,
    now: () => Date.now() + this.clock.later + this.clock.ahead,
    monotonic: () => performance.now() + this.clock.later,
  }

  constructor(concurrency: ConcurrencySettings) {
    this.concurrency = concurrency
  }

  get host() {
    return { env: ENV, store: this.store, bus: this.bus(), clock: this.clock, name: 'control', planSigning }
  }

  bus(requests = new Requests()) {
    const publish = (_: string, events: readonly CairnEvent[]) =>
      requests.ask(async () => {
        for (const { type, data } of events)
          if (type === 'cairn.run-started') this.started.push(`${data.pipeline}/${data.run}`)
      })
    return { publish, subscribe: () => Promise.reject(new Error()), listen: async () => ({ close: async () => {} }) }
  }

  queue(requests = new Requests()): RunQueue {
    return new RunQueue(
      { ...this.host, store: this.#counted(requests), bus: this.bus(requests) },
      {
        concurrency: () => this.concurrency,
        checkSettings: () => this.checkSettings(),
        requirePipeline: async (pipeline) => {
          if (this.removed.has(pipeline)) throw new CairnError('NOT_FOUND', `the project has no pipeline ${pipeline}`)
        },
        onFailure: (path) => this.failures.push(path),
      },
    )
  }

  /** Starts runs in one copy of control: `pipeline/key` is a request with an idempotency key. */
  control(requests = new Requests()) {
    const never = () => Promise.reject(new Error('it is planned here'))
    const host = { ...this.host, store: this.#counted(requests), bus: this.bus(requests) }
    const queue = this.queue(requests)
    const submissions = new Submissions({ ...host, prepare: async () => {}, plan: never, checkSettings: never }, queue)
    const start = async (name: string) => {
      const [pipeline, key] = name.split('/') as [string, string]
      const { run } = await submissions.start({ pipeline, key, asked: {} }, async (named) => stored(pipeline, named))
      return run
    }
    return { queue, start }
  }

  #counted(requests: Requests): ArtifactStore {
    const { store } = this
    return {
      ...store,
      read: (path) => requests.ask(() => store.read(path)),
      stat: (path) => requests.ask(() => store.stat(path)),
      create: (path, bytes) => requests.ask(() => store.create(path, bytes)),
      replace: (path, before, bytes) => requests.ask(() => store.replace(path, before, bytes)),
      remove: (path) => requests.ask(() => store.remove(path)),
      async *list(folder) {
        yield* await requests.ask(() => Array.fromAsync(store.list(folder)))
      },
    }
  }

  /** @param createdAt for a run that no queue holds */
  async plan(name: string, createdAt?: number): Promise<Plan> {
    const [pipeline, run] = name.split('/') as [string, string]
    const { queued: _, ...unqueued } = planOf(pipeline, run)
    const plan = createdAt === undefined ? planOf(pipeline, run) : { ...unqueued, createdAt }
    return claim(this.store, layout(ENV, pipeline).plan(run), planSigning.sign(plan))
  }
  /** Plans and queues runs in this order. */
  async ask(...names: string[]): Promise<void> {
    for (const name of names) await this.queue().start(await this.plan(name))
  }
  async end(name: string, status = 'completed'): Promise<void> {
    const [pipeline, run] = name.split('/') as [string, string]
    await claim(this.store, layout(ENV, pipeline).runEnd(run), { v: RECORD_VERSION, status, endedAt: 2, host: 'a' })
  }
  /** Started runs, each once. */
  get all(): string[] {
    return [...new Set(this.started)]
  }
  async waits(): Promise<string[]> {
    return (await this.queue().view()).waiting.map(({ pipeline, run }) => `${pipeline}/${run}`)
  }
}
