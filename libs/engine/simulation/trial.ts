import type { Pipeline, Step } from '@cairn/kernel'
import { dryRun, makePlan, reasonsOf, type NodeDryRun, type Base, type PlanRequest, type Reason } from '@cairn/planner'
import { Engine } from '../src/engine.ts'
import { submit } from '../src/submit.ts'
import {
  layout,
  decodeRecord,
  readRecord,
  type CairnEvent,
  type Plan,
  type EventBus,
  type Checkpoint,
  type EndRecord,
} from '@cairn/records'
import { directStore } from './direct-store.ts'
import { namedCode } from './named-code.ts'
import { simulatedCompute } from './ports.ts'
import { World } from './world.ts'

export interface Planned {
  readonly plan: Plan
  readonly nodes: readonly NodeDryRun[]
  reasons(node: string): Promise<Reason[]>
}
export type TrialRequest = Omit<PlanRequest, 'run' | 'env'>
export type TrialHost = ReturnType<typeof trialHost>

/** Plans and runs pipelines one after another on one store, without faults. */
export function trialHost() {
  const files = new Map<string, Uint8Array>()
  const store = directStore(files)
  const world = new World(1, 0)
  /** `later` moves it forward, in milliseconds. */
  const clock = { ...world.clock, later: 0, now: () => world.clock.now() + clock.later }
  const counts = new Map<string, number>()
  const plans: Plan[] = []

  const plan = async (
    pipeline: Pipeline,
    request: TrialRequest = {},
    { deadlineMs = 1_000 } = {},
  ): Promise<Planned> => {
    const planner = {
      store,
      clock,
      closures: namedCode,
      root: '',
      secrets: () => undefined,
      remember: (_: string, compute: () => Promise<string>) => compute(),
      versionDeadlineMs: deadlineMs,
    }
    const made = await makePlan(planner, pipeline, { run: `run-${plans.length + 1}`, env: 'local', ...request })
    const nodes = await dryRun(store, clock, made)
    const last = plans.at(-1)
    const previous = last && { plan: last, outputs: (node: string) => outputs(last, node) }
    const byNode = new Map(nodes.map((node) => [node.node, node]))
    return { plan: made, nodes, reasons: (node) => reasonsOf(made, byNode, node, previous) }
  }

  const outputs = async (of: Plan, node: string) => {
    const end = await readRecord<EndRecord>(store, layout(of.env, of.pipeline).end(of.run, node))
    const outcome = end?.items[0]
    return outcome?.status === 'completed' ? outcome.outputs : undefined
  }

  /** Runs a plan to its end. Returns how each step outside every `each` ended. */
  const drive = async (of: Plan, { graph }: Pipeline): Promise<Record<string, string>> => {
    plans.push(of)
    const steps = new Map<string, Step>()
    for (const node of graph.nodes.values()) if (node.type === 'step') steps.set(node.step.name, node.step)
    const queue: CairnEvent[] = []
    const bus: EventBus = {
      publish: async (_, events) => void queue.push(...events),
      subscribe: () => Promise.reject(new Error()),
    }
    const compute = simulatedCompute(world, { name: 'host', alive: true }, steps, new Map(), counts)
    const engine = new Engine({ store, bus, clock, compute, name: 'host', hasSuccessor: true })
    await submit({ store, bus, clock }, of)
    for (let event = queue.shift(); event; event = queue.shift()) {
      let handled = false
      const handling = engine.handle(event).finally(() => (handled = true))
      while (!handled) if (!(await world.step())) await new Promise(setImmediate)
      await handling
    }
    const at = layout(of.env, of.pipeline)
    const endings: Record<string, string> = {}
    for (const [id, { type, scope }] of Object.entries(of.nodes)) {
      if (type !== 'step' || scope.length > 0) continue
      const outcome = (await readRecord<EndRecord>(store, at.end(of.run, id)))!.items[0]!
      endings[id] = outcome.status === 'completed' ? outcome.how : outcome.status
    }
    return endings
  }

  return {
    files,
    clock,
    plan,
    drive,
    run: async (pipeline: Pipeline, request: TrialRequest = {}) =>
      drive((await plan(pipeline, request)).plan, pipeline),
    base: (run: string): Base => ({
      run,
      outputs: (node) =>
        outputs(
          plans.find((known) => known.run === run)!,
          node,
        ),
    }),
    /** How often a step's body has completed. */
    computed: (step: string) => counts.get(step) ?? 0,
    checkpoints: (step: string) =>
      [...files]
        .filter(([path]) => path.includes(`/checkpoints/${step}/`))
        .map(([path, bytes]) => decodeRecord<Checkpoint>(bytes, path)),
  }
}
