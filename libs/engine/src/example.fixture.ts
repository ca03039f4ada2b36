import { callBody } from '../simulation/body.ts'
import { directStore } from '../simulation/direct-store.ts'
import { namedCode } from '../simulation/named-code.ts'
import { World } from '../simulation/world.ts'
import type { Pipeline, Step } from '@cairn/kernel'
import { makePlan } from '@cairn/planner'
import { RunContext } from './run-context.ts'
import type { Engine } from './engine.ts'
import type { Host } from './host.ts'
import {
  layout,
  claim,
  readRecord,
  type CairnEvent,
  type Layout,
  type Plan,
  type Compute,
  type EventBus,
  type EndRecord,
  type RunEnd,
} from '@cairn/records'

/** Runs of one pipeline, all in memory: the store is a map, the bus a queue, and waiting takes no real time. */
export class Example {
  readonly at: Layout
  readonly files = new Map<string, Uint8Array>()
  readonly store = directStore(this.files)
  /** Every published event. */
  readonly published: CairnEvent[] = []
  /** Called with each event when it is published. */
  onEvent: (event: CairnEvent) => void = () => {}
  /** Every call of a step body or of a `catch`. */
  readonly calls: { readonly host: string; readonly step: string; readonly at: number }[] = []
  readonly #pipeline: Pipeline
  readonly #world = new World(1, 0)
  readonly #queue: CairnEvent[] = []

  constructor(pipeline: Pipeline) {
    this.#pipeline = pipeline
    this.at = layout('test', pipeline.name)
  }

  readonly clock = this.#world.clock
  readonly bus: EventBus = {
    publish: async (_, events) => {
      this.published.push(...events)
      events.forEach(this.onEvent)
      this.#queue.push(...events)
    },
    subscribe: () => Promise.reject(new Error('deliver() hands over the events')),
  }

  plan(run = 'run'): Promise<Plan> {
    const { store, clock } = this
    const remember = () => Promise.reject(new Error('no source here'))
    const planner = { store, clock, closures: namedCode, root: '', secrets: () => undefined, remember }
    return makePlan(planner, this.#pipeline, { run, env: 'test' })
  }

  /** Creates a host: a process that runs steps. */
  host(name = 'host', more: Partial<Host> = {}): Host {
    const { store, bus, clock } = this
    return { name, store, bus, clock, compute: this.#computeOf(name), hasSuccessor: true, ...more }
  }

  /** Creates the context of a planned run in one process. */
  async active(cancel = new AbortController()): Promise<RunContext> {
    const plan = await this.plan()
    await claim(this.store, this.at.plan(plan.run), plan)
    return new RunContext(plan, this.store, this.bus, { cancel, busy: new Map(), announced: new Set(), users: 1 })
  }

  /** Delivers every queued event to every engine, including the events that follow, until none is left. */
  async deliver(...engines: readonly Engine[]): Promise<void> {
    for (let event = this.#queue.shift(); event; event = this.#queue.shift())
      await this.settle(Promise.all(engines.map((engine) => engine.handle(structuredClone(event!)))))
  }

  /** Advances simulated time until the work has settled. */
  async settle<Result>(work: Promise<Result>): Promise<Result> {
    let isOver = false
    const watched = work.finally(() => (isOver = true))
    watched.catch(() => {}) // reported by the return below
    for (let idle = 0; !isOver; idle++) {
      if (await this.#world.step()) idle = 0
      else await new Promise(setImmediate)
      if (idle > 1_000) throw new Error('nothing happens any more, and it has not ended')
    }
    return watched
  }

  /** Reads the terminal record of each task, by task name. */
  async ends(run = 'run'): Promise<Record<string, EndRecord>> {
    const tasks = (await this.store.children(this.at.ends(run))).map(this.at.taskOf).sort()
    const ends = tasks.map(async (task) => [task, (await readRecord<EndRecord>(this.store, this.at.end(run, task)))!])
    return Object.fromEntries(await Promise.all(ends)) as Record<string, EndRecord>
  }

  runEnd(run = 'run'): Promise<RunEnd | undefined> {
    return this.record(this.at.runEnd(run))
  }

  record<Record extends { readonly v: number }>(path: string): Promise<Record | undefined> {
    return readRecord(this.store, path)
  }

  #computeOf(host: string): Compute {
    const { calls, clock } = this
    const nodes = [...this.#pipeline.graph.nodes.values()]
    const steps = new Map(
      nodes.flatMap((node) => ('step' in node ? [[node.step.name, node.step as Step] as const] : [])),
    )
    return {
      async *run(work, signal) {
        for (const item of work.items) {
          if (!signal.aborted) calls.push({ host, step: work.step, at: clock.now() })
          yield await callBody(steps.get(work.step)!, work, item, signal)
        }
      },
    }
  }
}

/** Returns the value of an output that is inline in its record. */
export function valueOf(end: EndRecord | undefined, output: string, index = 0): unknown {
  const outcome = end?.items[index]
  return outcome?.status === 'completed' ? JSON.parse(outcome.outputs[output]!.text!) : outcome
}

/** Returns the values of a list's items. */
export function itemsIn(end: EndRecord | undefined, output: string, index = 0): unknown {
  const list = valueOf(end, output, index) as { items?: { text: string }[] }
  return list.items?.map(({ text }) => JSON.parse(text) as unknown) ?? list
}
