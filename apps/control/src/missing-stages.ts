import { routingOf, RunState } from '@cairn/engine'
import { groupIdOf, type KafkaBus } from '@cairn/drivers/events/kafka'
import { CairnError } from '@cairn/kernel'
import {
  mapConcurrently,
  layout,
  readRecord,
  topicOf,
  type ArtifactStore,
  type Plan,
  type RunEnd,
} from '@cairn/records'
import { readEnds, runNames } from '@cairn/workspace'
import type { QueueView } from './queue-view.ts'
import { RUNS_CHECKED } from './reconciler.ts'
import type { RunQueue } from './run-queue.ts'
import type { PlanSigning } from './plan-signing.ts'

/** A step without a running stage, and the runs that wait for it, the newest first. */
export interface MissingStage {
  readonly pipeline: string
  readonly step: string
  readonly runs: readonly string[]
}

export interface MissingStagesHost {
  readonly env: string
  readonly store: ArtifactStore
  readonly bus: Pick<KafkaBus, 'members'>
  readonly planSigning: Pick<PlanSigning, 'faultOf'>
  readonly queue: Pick<RunQueue, 'view'>
  /** Whether a run is known to be over. Such a run is not read. */
  readonly isOver: (pipeline: string, run: string) => boolean
  /** Runs that are known to be open, besides the newest ones. */
  readonly openRuns: (pipeline: string) => readonly string[]
}

/**
 * Finds the steps that runs wait for and that have no running stage. The stages of a step are a consumer group, so Kafka
 * knows whether there are any.
 */
export class MissingStages {
  readonly #host: MissingStagesHost

  constructor(host: MissingStagesHost) {
    this.#host = host
  }

  /** Finds the missing stages of all runs of some pipelines that have not ended. */
  async of(pipelines: readonly string[]): Promise<MissingStage[]> {
    const view = await this.#host.queue.view()
    const plans = (await Promise.all(pipelines.map((pipeline) => this.#unfinished(pipeline, view)))).flat()
    const found: { readonly plan: Plan; readonly step: string }[] = []
    for (const { plan, steps } of await this.#missing(plans)) found.push(...steps.map((step) => ({ plan, step })))
    const byStep = Map.groupBy(found, ({ plan, step }) => `${plan.pipeline}/${step}`)
    return [...byStep.values()].map((all) => ({
      pipeline: all[0]!.plan.pipeline,
      step: all[0]!.step,
      runs: all.map(({ plan }) => plan.run),
    }))
  }

  /** Lists the steps of a run whose stages are missing. */
  async ofRun(plan: Plan): Promise<readonly string[]> {
    const [found] = (await this.#isNotQueued(plan)) ? await this.#missing([plan]) : []
    return found?.steps ?? []
  }

  /** Asks Kafka first: if all stages are running, no record of a task is read. */
  async #missing(plans: readonly Plan[]): Promise<{ readonly plan: Plan; readonly steps: readonly string[] }[]> {
    const groups = new Set(plans.flatMap((plan) => stepsIn(plan).map((step) => groupOf(plan, step))))
    if (groups.size === 0) return []
    const members = await this.#host.bus.members([...groups])
    const found: { plan: Plan; steps: string[] }[] = []
    for (const plan of plans) {
      const missing = stepsIn(plan).filter((step) => (members.get(groupOf(plan, step)) ?? 0) === 0)
      if (missing.length === 0) continue
      const awaited = await this.#awaited(plan).catch(undefinedIfDamaged)
      if (awaited) found.push({ plan, steps: missing.filter((step) => awaited.has(step)) })
    }
    return found
  }

  /** Lists the steps whose stages a run waits for now: those to which its ready tasks are routed. */
  async #awaited(plan: Plan): Promise<ReadonlySet<string | undefined>> {
    const { store, env } = this.#host
    const state = new RunState(plan)
    for (const [task, end] of await readEnds(store, layout(env, plan.pipeline), plan.run)) state.end(task, end)
    const routing = routingOf(plan)
    const ready = [...state.unfinished()].filter((task) => state.isReady(task))
    return new Set(ready.map((task) => routing.of(task)))
  }

  /** Lists the plans of a pipeline's runs that stages should be working on. */
  async #unfinished(pipeline: string, view: QueueView): Promise<Plan[]> {
    const { store, env, isOver, openRuns } = this.#host
    const at = layout(env, pipeline)
    const newest = (await runNames(store, at)).slice(0, RUNS_CHECKED)
    const names = new Set([...newest, ...openRuns(pipeline), ...view.runsOf(pipeline)])
    const plans: Plan[] = []
    await mapConcurrently(
      [...names].filter((name) => !isOver(pipeline, name)),
      async (name) => {
        if (await readRecord<RunEnd>(store, at.runEnd(name)).catch(undefinedIfDamaged)) return
        const plan = await readRecord<Plan>(store, at.plan(name)).catch(undefinedIfDamaged)
        if (plan && this.#isAccepted(plan) && !(plan.queued && view.isWaiting(plan))) plans.push(plan)
      },
    )
    return plans.sort((one, other) => (one.run < other.run ? 1 : -1))
  }

  /** Whether a run is not waiting in the queue. */
  async #isNotQueued(plan: Plan): Promise<boolean> {
    return !plan.queued || !(await this.#host.queue.view()).isWaiting(plan)
  }

  /** Whether stages accept the plan's signature. They ignore other runs. */
  #isAccepted(plan: Plan): boolean {
    return this.#host.planSigning.faultOf(plan) === undefined
  }
}

function stepsIn({ nodes }: Plan): string[] {
  return [...new Set(Object.values(nodes).flatMap((node) => (node.type === 'step' ? [node.step] : [])))]
}

function groupOf(plan: Plan, step: string): string {
  return groupIdOf(topicOf(plan), step)
}

/** Ignores a run that is damaged or was removed meanwhile. The check of the store reports it. */
function undefinedIfDamaged(error: unknown): undefined {
  if (!(error instanceof CairnError) || !['BAD_RECORD', 'NOT_FOUND'].includes(error.code)) throw error
}
