import type { Pipeline } from '@cairn/kernel'
import { makePlan } from '@cairn/planner'
import { Engine } from '../src/engine.ts'
import { cancel as cancelRun, submit } from '../src/submit.ts'
import { layout, decodeRecord, type Plan, type Checkpoint, type EndRecord, type RunEnd } from '@cairn/records'
import { directStore } from './direct-store.ts'
import { namedCode } from './named-code.ts'
import { forgedEvent } from './forged.ts'
import { expectedResults, type Expected } from './oracle.ts'
import { randomPipeline, type Behaviour } from './pipelines.ts'
import { simulatedCompute, SimulatedBus, SimulatedStore, type Process } from './ports.ts'
import { randomFrom, World } from './world.ts'

/** What to simulate. */
export interface Scenario {
  readonly seed: number
  readonly runs: number
  readonly faults: number
  /** Whether the first run is cancelled at a random time. */
  readonly cancel: boolean
  /**
   * The maximum number of times that a process dies or loses its partitions; default 2. A step that loses more than two
   * attempts is given up, because it may be what kills its hosts. So above 2, only that a run ends is predictable, not
   * how.
   */
  readonly takeovers?: number
  /**
   * The number of kinds of host that the steps are spread over; default 1. With more than one, some kinds have two
   * hosts at a time.
   */
  readonly stages?: number
  /** The number of forged events. Most of what they claim about the runs' tasks is false, and some of it premature. */
  readonly forged?: number
}

/** The state at the end of a simulation. */
export interface Ending {
  readonly pipeline: Pipeline
  readonly behaviours: ReadonlyMap<string, Behaviour>
  readonly plans: readonly Plan[]
  readonly files: ReadonlyMap<string, Uint8Array>
  readonly published: ReadonlySet<string>
  /** How often each key was computed. */
  readonly computed: ReadonlyMap<string, number>
  readonly steps: number
}

/** Runs one simulation to its end: a random pipeline, random faults, and processes that die. */
export async function simulate(scenario: Scenario): Promise<Ending> {
  const { seed, runs, faults, cancel, takeovers = 2, stages = 1, forged = 0 } = scenario
  const { pipeline, behaviours, steps } = randomPipeline(randomFrom(seed))
  const world = new World(seed ^ 0x5bd1e995, faults)
  const store = new SimulatedStore(world)
  const bus = new SimulatedBus(world, stages === 1 ? 1 : 3)
  const computed = new Map<string, number>()
  const plans = await Promise.all(Array.from({ length: runs }, (_, index) => planFor(pipeline, store, `run-${index}`)))

  let processes = 0
  /** The hosts of each stage, without those that were removed, whether they are dead or still running. */
  const hosts = Array.from({ length: stages }, (): { process: Process; engine: Engine }[] => [])
  const start = (stage: number) => {
    const process: Process = { name: `process-${processes++}`, alive: true }
    const engine = new Engine({
      store: store.for(process),
      bus: bus.for(process),
      clock: world.clock,
      name: process.name,
      isGone: (name) => name !== process.name && world.chance(0.5),
      hasSuccessor: true,
      compute: simulatedCompute(world, process, steps, computed),
      ...(stages > 1 && { steps: new Set([...steps.keys()].filter((_, at) => at % stages === stage)) }),
      ...(world.chance(0.3) && { leaseAfterMs: 100 }),
      maxIdleRuns: world.chance(0.1) ? 0 : 64,
    })
    hosts[stage]!.push({ process, engine })
    const member = { process, handle: engine.handle.bind(engine), onReassigned: () => engine.forget() }
    bus.join(`stage-${stage}`, member)
  }
  const removeHost = (stage: number, dies: boolean) => {
    const { process } = world.pick(hosts[stage]!)
    hosts[stage] = hosts[stage]!.filter((host) => host.process !== process)
    process.alive = !dies
    start(stage) // first, so that every event has a member
    bus.leave(`stage-${stage}`, process)
  }
  for (let stage = 0; stage < stages; stage++)
    for (let replica = 0; replica < (stages > 1 && world.chance(0.5) ? 2 : 1); replica++) start(stage)

  const controlProcess: Process = { name: 'control', alive: true }
  const control = {
    store: store.for(controlProcess),
    bus: bus.for(controlProcess),
    clock: world.clock,
    name: controlProcess.name,
  }
  for (const plan of plans) submitUntilAccepted(plan)
  function submitUntilAccepted(plan: Plan): void {
    submit(control, plan).catch(() => submitUntilAccepted(plan))
  }
  if (cancel) world.after(world.random() * 400, () => cancelUntilAccepted())
  function cancelUntilAccepted(): void {
    cancelRun(control, plans[0]!, plans[0]!.run).then(
      (end) => {
        // Some hosts learn of it immediately, the others from its event.
        if (end.status === 'cancelled')
          for (const { engine } of hosts.flat()) if (world.chance(0.5)) engine.abort(plans[0]!.run)
      },
      () => world.after(50, cancelUntilAccepted),
    )
  }

  for (let count = 0; count < forged; count++)
    world.after(world.random() * 400, () => bus.forge(forgedEvent(world, world.pick(plans))))

  let actions = 0
  let removed = 0
  while (await world.step()) {
    actions++
    if (actions > 200_000) throw new Error(`seed ${seed}: the simulation does not end`)
    if (removed >= takeovers) continue
    const dies = world.fault(0.004) // kill -9
    // Or a rebalance: the old process continues for a while as a zombie.
    if (dies || world.fault(0.002)) {
      removeHost(Math.floor(world.random() * stages), dies)
      removed++
    }
  }
  return { pipeline, behaviours, plans, files: store.files, published: bus.published, computed, steps: actions }
}

/** Creates the plan before faults can occur. */
async function planFor(pipeline: Pipeline, { files }: SimulatedStore, run: string): Promise<Plan> {
  const planner = {
    store: directStore(files),
    clock: { now: () => 0 } as never,
    closures: namedCode,
    root: '',
    secrets: () => undefined,
    remember: () => Promise.reject(new Error()),
  }
  return makePlan(planner, pipeline, { run, env: 'sim' })
}

/**
 * Checks everything that must hold at the end of any simulation, whatever went wrong in it; returns what does not hold.
 */
export function violations(
  { pipeline, behaviours, plans, files, published }: Ending,
  { cancel, takeovers = 2 }: Scenario,
): string[] {
  const found: string[] = []
  const expected = expectedResults(pipeline.graph, behaviours)
  for (const [index, plan] of plans.entries()) {
    const at = layout(plan.env, plan.pipeline)
    const record = <R extends { v: number }>(path: string) =>
      files.has(path) ? decodeRecord<R>(files.get(path)!, path) : undefined
    const end = record<RunEnd>(at.runEnd(plan.run))
    if (!end) found.push(`${plan.run} has no end`)
    if (!published.has(`${plan.run}/run-ended`)) found.push(`the end of ${plan.run} was not published`)
    const mayBeCut = cancel && index === 0
    const isPredictable = takeovers <= 2 && end?.status !== 'cancelled'
    if (!mayBeCut && end?.status === 'cancelled') found.push(`${plan.run} was cancelled by no one`)
    for (const [id, verdict] of expected) {
      const ending = record<EndRecord>(at.end(plan.run, id))
      if (!ending) found.push(`${plan.run}/${id} has no terminal record`)
      else if (isPredictable) found.push(...compare(`${plan.run}/${id}`, ending, verdict))
      if (ending && !published.has(`${plan.run}/${id}/${ending.status}`))
        found.push(`the end of ${plan.run}/${id} was not published`)
    }
    const failed = [...expected.values()].some(({ status }) => status === 'failed')
    const due = failed ? 'failed' : 'completed'
    if (isPredictable && end && end.status !== due) found.push(`${plan.run} ended as ${end.status}, not as ${due}`)
    for (const path of files.keys())
      if (path.startsWith(at.ends(plan.run))) {
        const ending = record<EndRecord>(path)!
        for (const outcome of ending.items)
          if (outcome.status === 'completed' && outcome.key && outcome.how !== 'caught') {
            const step = (plan.nodes[at.taskOf(path).split('/')[0]!] as { step: string }).step
            const checkpoint = record<Checkpoint>(at.checkpoint(step, outcome.key))
            if (JSON.stringify(checkpoint?.outputs) !== JSON.stringify(outcome.outputs))
              found.push(`${path} and its checkpoint differ`)
          }
      }
  }
  return found
}

function compare(task: string, { status, items }: EndRecord, expected: Expected): string[] {
  if (status !== expected.status) return [`${task} ended as ${status}, not as ${expected.status}`]
  const [outcome] = items
  if (outcome?.status !== 'completed' || expected.status !== 'completed') return []
  const wrong: string[] = []
  for (const [name, value] of Object.entries(expected.value)) {
    const { text = '', items } = outcome.outputs[name]!
    const given =
      items === undefined
        ? text
        : JSON.stringify(
            (JSON.parse(text) as { items: { text: string }[] }).items.map((item) => JSON.parse(item.text) as unknown),
          )
    if (given !== JSON.stringify(value)) wrong.push(`${task}.${name} is ${given}, not ${JSON.stringify(value)}`)
  }
  return wrong
}
