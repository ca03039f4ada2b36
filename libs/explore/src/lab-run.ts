import {
  compareRuns,
  findRun,
  outputsOf,
  readEnds,
  readRun,
  stateOf,
  type Difference,
  type ItemState,
} from '@cairn/workspace'
import { openPool, startRun, type RunOptions } from '@cairn/embedded'
import { CairnError, type Compared, type Kinds, type Read, type Step } from '@cairn/kernel'
import { inlineBytes, type Plan, type RunStatus } from '@cairn/records'
import { compareOutputs, type CompareOutputOptions } from './compare-outputs.ts'
import type { Edits } from './edits.ts'
import { nodeOf, outputAt, type StepOrNode } from './step-or-node.ts'
import { planEdits } from './plan-edits.ts'
import type { Session } from './session.ts'
import { valueOf } from './values.ts'

export type LabRunOptions = Pick<RunOptions, 'onEvent'> & {
  /** Maximum concurrency of steps. @default one for each core */
  readonly jobs?: number
}

/** A completed run in a playground. */
export class LabRun {
  readonly #session: Session
  readonly plan: Plan
  /** For each step, whether it was computed or reused. */
  readonly how: Readonly<Record<string, string>>
  /** Number of tasks by result. Each item counts. */
  readonly counts: Readonly<Partial<Record<ItemState, number>>>

  constructor(session: Session, plan: Plan, how: LabRun['how'], counts: LabRun['counts']) {
    this.#session = session
    this.plan = plan
    this.how = how
    this.counts = counts
  }

  /** The name of the run. */
  get run(): string {
    return this.plan.run
  }

  /** Returns an output of a step, as a later step would receive it. */
  value<O extends Kinds, Name extends keyof O & string>(step: Step<any, any, O>, output: Name): Promise<Read<O[Name]>>
  value(step: string, output: string): Promise<unknown>
  async value(step: StepOrNode, output: string): Promise<unknown> {
    const { ref, kind } = outputAt(nodeOf(this.#session.loaded.pipeline.graph, step), output)
    return valueOf(this.#session, this.plan, ref, kind)
  }

  /** Returns the numbers of all outputs of kind `metrics`, by `<node>.<name>`. */
  async metrics(): Promise<Record<string, number>> {
    return metricsOf(this.#session, this.plan)
  }

  /** Compares with another run that is visible here, or with `production`, the explored run. */
  compare(other = 'production'): Promise<Difference[]> {
    return compareTo(this.#session, this.plan, other)
  }

  /**
   * Compares an output with that of another run: a table row by row, a model by its predictions.
   *
   * @param path a step with one output, or `<step>/<output>`
   * @example
   * await run.compareOutput('extract-features/features', { key: ['flight'] })
   */
  async compareOutput(
    path: string,
    { with: other = 'production', ...options }: CompareOutputOptions & { readonly with?: string } = {},
  ): Promise<readonly Compared[]> {
    const { workspace, loaded } = this.#session
    const before = await planNamed(this.#session, other)
    return compareOutputs({ workspace, graph: loaded.pipeline.graph, before, after: this.plan }, path, options)
  }
}

/** Returns the changes of a run, without the steps that were not run. */
export async function compareTo(session: Session, plan: Plan, other = 'production'): Promise<Difference[]> {
  const { workspace, base, loaded } = session
  const { run } = await planNamed(session, other)
  const found = await compareRuns(workspace, base.pipeline, run, plan.run)
  const leftOut = [...loaded.pipeline.graph.nodes.keys()].filter((id) => !(id in plan.nodes))
  return found.filter(
    ({ name }) => !leftOut.some((id) => name === id || name.startsWith(`${id}/`) || name.startsWith(`${id}.`)),
  )
}

/** Returns the plan of a run that is visible here; `production` means the explored run. */
async function planNamed({ workspace, base }: Session, name: string): Promise<Plan> {
  if (name === 'production') return base
  const at = workspace.at(base.pipeline)
  return (await readRun(workspace.store, at, await findRun(workspace.store, at, name))).plan
}

/** Plans and runs everything that the edits affect. */
export async function runEdits(session: Session, edits: Edits, { jobs, onEvent }: LabRunOptions): Promise<LabRun> {
  const { workspace } = session
  const { planned, steps } = await planEdits(session, edits)
  const running = startRun(workspace, planned.plan, {
    live: steps,
    pool: openPool(workspace, jobs),
    ...(onEvent && { onEvent }),
  })
  return labRun(session, planned.plan, await running.ended)
}

/** @throws CairnError of the first step that did not complete */
export async function labRun(session: Session, plan: Plan, status: RunStatus): Promise<LabRun> {
  const { workspace } = session
  const ends = await readEnds(workspace.store, workspace.at(plan.pipeline), plan.run)
  const how: Record<string, string> = {}
  const counts: Partial<Record<ItemState, number>> = {}
  for (const [task, { items, status: ended }] of ends) {
    const outcome = items.find((outcome) => 'error' in outcome)
    how[task] = [...new Set(items.map(stateOf))].join(', ')
    for (const outcome of items) counts[stateOf(outcome)] = (counts[stateOf(outcome)] ?? 0) + 1
    if (outcome && 'error' in outcome && status !== 'completed') {
      const { code, message, next } = outcome.error
      throw new CairnError(code, `${task} of run ${plan.run} ${ended}: ${message}`, next ? { next } : {})
    }
  }
  if (status === 'completed') return new LabRun(session, plan, how, counts)
  throw new CairnError('CANCELLED', `run ${plan.run} ${status}`)
}

async function metricsOf({ workspace }: Session, plan: Plan): Promise<Record<string, number>> {
  const found: Record<string, number> = {}
  for (const [id, node] of Object.entries(plan.nodes)) {
    if (node.type !== 'step' || node.scope.length > 0) continue
    for (const [name, { kind }] of Object.entries(plan.steps[node.step]!.outputs)) {
      if (kind !== 'metrics') continue
      const ref = (await outputsOf(workspace.store, workspace.at(plan.pipeline), plan, id))?.[name]
      const held = ref && inlineBytes(ref)
      const values = held ? (JSON.parse(held.toString()) as object) : (ref?.summary ?? {})
      for (const [metric, value] of Object.entries(values))
        if (typeof value === 'number') found[`${id}.${metric}`] = value
    }
  }
  return found
}
