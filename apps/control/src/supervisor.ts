import {
  claim,
  controlTopicOf,
  endEvent,
  layout,
  parseTask,
  readRecord,
  readyEvent,
  RECORD_VERSION,
  runEvent,
  RunState,
  topicOf,
  type CairnEvent,
  type EndRecord,
  type Plan,
  type RunEnd,
} from '@cairn/kernel/runtime'
import { readEnds, runNames } from '@cairn/embedded'
import type { ControlHost } from './control.ts'

export interface SupervisorOptions {
  /** How long a run may stand still before its events are told again, in milliseconds. */
  readonly lostAfterMs: number
  /** Told of each run that needed help. */
  readonly onHelp?: (run: string, what: string) => void
}

/** Runs of a pipeline that are looked at, the newest first: what is older was looked at long ago. */
const LOOKED_AT = 500

/**
 * Looks after runs, off the hot path: ends one whose last committer died before it wrote the end, and tells the events of
 * one that stands still again. Everything that it does may be done twice, also by two supervisors at once.
 */
export class Supervisor {
  readonly #host: ControlHost
  readonly #options: SupervisorOptions
  /** Runs that have ended: they are not read again. */
  readonly #ended = new Set<string>()
  /** When each run was helped last, by the host's clock, and how often. */
  readonly #helped = new Map<string, { at: number; times: number }>()

  constructor(host: ControlHost, options: SupervisorOptions) {
    this.#host = host
    this.#options = options
  }

  async sweep(): Promise<void> {
    const { store, env } = this.#host
    for (const pipeline of await store.children(`${env}/`)) {
      const at = layout(env, pipeline)
      for (const run of (await runNames(store, at)).slice(0, LOOKED_AT))
        if (!this.#ended.has(`${pipeline}/${run}`)) await this.#look(pipeline, run)
    }
  }

  async #look(pipeline: string, run: string): Promise<void> {
    const { store, env } = this.#host
    const at = layout(env, pipeline)
    const end = await readRecord<RunEnd>(store, at.runEnd(run))
    if (end && end.status !== 'cancelled') return void this.#ended.add(`${pipeline}/${run}`)
    const plan = await readRecord<Plan>(store, at.plan(run))
    if (!plan) return
    const ends = await readEnds(store, at, run)
    const state = new RunState(plan)
    for (const [task, ending] of ends) state.end(task, ending)
    if (state.done) return end ? void this.#ended.add(`${pipeline}/${run}`) : this.#finish(plan, state)
    if (this.#standsStill(plan, ends)) await this.#tellAgain(plan, state, ends, end)
  }

  async #finish(plan: Plan, state: RunState): Promise<void> {
    const { store, bus, clock, name } = this.#host
    const path = layout(plan.env, plan.pipeline).runEnd(plan.run)
    const mine: RunEnd = { v: RECORD_VERSION, status: state.status, endedAt: clock.now(), host: name }
    const end = await claim(store, path, mine)
    await bus.publish(topicOf(plan), [runEvent(plan, 'run-ended', end.endedAt, end)])
    this.#options.onHelp?.(plan.run, 'it had ended, and no one had written that')
  }

  /** Whether nothing has been recorded for a while; longer each time that telling again has not helped. */
  #standsStill(plan: Plan, ends: ReadonlyMap<string, EndRecord>): boolean {
    const helped = this.#helped.get(plan.run) ?? { at: 0, times: 0 }
    const recorded = [...ends.values()].map(({ endedAt }) => endedAt)
    const last = Math.max(plan.createdAt, helped.at, ...recorded)
    const patience = this.#options.lostAfterMs * 2 ** Math.min(helped.times, 6)
    return this.#host.clock.now() - last >= patience
  }

  async #tellAgain(
    plan: Plan,
    state: RunState,
    ends: ReadonlyMap<string, EndRecord>,
    end: RunEnd | undefined,
  ): Promise<void> {
    const { bus, clock } = this.#host
    const { times = 0 } = this.#helped.get(plan.run) ?? {}
    this.#helped.set(plan.run, { at: clock.now(), times: times + 1 })
    const cancelled = end ? [runEvent(plan, 'run-cancelled', clock.now())] : []
    const events: CairnEvent[] = [...cancelled]
    if (ends.size === 0) events.push(runEvent(plan, 'run-started', plan.createdAt))
    const told = new Set<string>()
    for (const task of state.unfinished()) {
      if (!state.ready(task)) continue
      if (parseTask(task).batch !== '') events.push(readyEvent(plan, task, clock.now()))
      for (const need of state.before(task)) {
        const ending = ends.get(need)
        if (ending && told.size !== told.add(need).size) events.push(endEvent(plan, need, ending))
      }
      if ([...state.before(task)].every((need) => !ends.has(need)) && ends.size > 0)
        events.push(runEvent(plan, 'run-started', plan.createdAt))
    }
    if (cancelled.length > 0) await bus.publish(controlTopicOf(plan), cancelled)
    await bus.publish(topicOf(plan), events)
    this.#options.onHelp?.(plan.run, `it stood still; ${events.length} events were told again`)
  }
}
