import { CairnError } from '@cairn/kernel'
import {
  layout,
  PRODUCTION,
  promotedEvent,
  topicOf,
  type ArtifactStore,
  type Champion,
  type Clock,
  type EventBus,
  type Layout,
  type Plan,
} from '@cairn/records'
import { noteAnnounced, notWhole, Refused, rollBack, setChampion, currentChampion } from '@cairn/promotion'
import { findRun, readRun, type Adoption } from '@cairn/workspace'
import type { PlanSigning } from './plan-signing.ts'

export interface ChampionsHost {
  readonly env: string
  readonly store: ArtifactStore
  readonly bus: EventBus
  readonly clock: Clock
  readonly planSigning: PlanSigning
  /** Which checkpoints production may use, by the current project settings. */
  adoption(): Adoption
  /** Expectations of the pipeline's file that a new champion does not meet. */
  brokenExpectations(pipeline: string, run: string, champion: string): Promise<readonly string[]>
}

/** A run to put into production; `expected` is the current one that the sender saw, null for none. */
export interface PromotionRequest {
  readonly run: string
  readonly expected: string | null
  /** The playground run that it repeats. */
  readonly from?: string | undefined
}

/** Reads, sets and announces the production run of a pipeline. Changes use compare-and-set. */
export class Champions {
  readonly #host: ChampionsHost

  constructor(host: ChampionsHost) {
    this.#host = host
  }

  async show(pipeline: string): Promise<{ champion: Champion | null } & Adoption> {
    const { champion } = await currentChampion(this.#host.store, this.#at(pipeline))
    return { champion: champion ?? null, ...this.#host.adoption() }
  }

  /**
   * Puts a complete run that meets the expectations into production. A repeated call changes nothing.
   *
   * @throws Refused with every failed check; CairnError CONFLICT if `expected` is not the production run
   */
  async promote(pipeline: string, { run, expected, from }: PromotionRequest, by: string): Promise<Champion> {
    const { store, clock } = this.#host
    const at = this.#at(pipeline)
    const current = await currentChampion(store, at)
    if (current.champion?.run === run) return current.champion // the response was lost
    requireSame(current.champion, expected)
    await this.#requirePromotable(pipeline, run, await findRun(store, at, PRODUCTION))
    const champion = await setChampion(store, at, current, {
      run,
      since: clock.now(),
      by,
      ...(from !== undefined && { from }),
    })
    await this.announce(pipeline).catch(() => {}) // the next sweep announces it
    return champion
  }

  /**
   * An earlier production run need not meet today's expectations, but control must have planned it and it must have
   * completed, as the record that names it is not signed.
   *
   * @throws CairnError CONFLICT if `expected` is not the production run; NOT_FOUND if there was none before it; REFUSED
   */
  async rollBack(pipeline: string, expected: string, by: string): Promise<Champion> {
    const { store, clock } = this.#host
    const at = this.#at(pipeline)
    const current = await currentChampion(store, at)
    requireSame(current.champion, expected)
    const previous = current.champion?.previous
    if (previous) await this.#requireComplete(pipeline, previous.run)
    const champion = await rollBack(store, at, current, { by, since: clock.now() })
    await this.announce(pipeline).catch(() => {})
    return champion
  }

  /** Announces the production run unless that was done, also for another process that died before announcing it. */
  async announce(pipeline: string): Promise<void> {
    const { store, bus } = this.#host
    const at = this.#at(pipeline)
    const current = await currentChampion(store, at)
    if (!current.champion || current.champion.announced) return
    this.#host.planSigning.require((await readRun(store, at, current.champion.run)).plan) // consumers act on it
    await bus.publish(topicOf(at), [promotedEvent(at, current.champion)])
    await noteAnnounced(store, at, current)
  }

  async #requirePromotable(pipeline: string, run: string, champion: string): Promise<void> {
    const plan = await this.#requireComplete(pipeline, run)
    const broken = run === champion ? [] : await this.#host.brokenExpectations(pipeline, run, champion)
    if (broken.length > 0) throw new Refused(plan, broken)
  }

  /** @throws CairnError REFUSED unless control planned the run for production, and all of it has completed */
  async #requireComplete(pipeline: string, run: string): Promise<Plan> {
    const { plan, end } = await readRun(this.#host.store, this.#at(pipeline), run)
    this.#host.planSigning.require(plan)
    const reasons = notWhole(plan, end)
    if (plan.playground !== undefined) reasons.push(`it ran in the playground ${plan.playground}`)
    if (reasons.length > 0) throw new Refused(plan, reasons)
    return plan
  }

  #at(pipeline: string): Layout {
    return layout(this.#host.env, pipeline)
  }
}

function requireSame(champion: Champion | undefined, expected: string | null): void {
  if ((champion?.run ?? null) === expected) return
  throw new CairnError('CONFLICT', `${champion?.run ?? 'no run'} is in production now, not ${expected ?? 'none'}`, {
    next: 'compare with that run, then promote again',
  })
}
