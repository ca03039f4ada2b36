import { findRun, planRun } from '@cairn/workspace'
import { copyResults } from '@cairn/maintenance'
import { PRODUCTION, readRecord, type Champion, type Plan, type RunEnd } from '@cairn/records'
import { currentChampion, type CurrentChampion } from './champion.ts'
import { brokenExpectations } from './expectations.ts'
import type { ProductionRun, PromotionContext } from './promotion.ts'
import { changedCode, changedSources, differentResults, notWhole, Refused, unsignedRecords } from './refusals.ts'

/** A promotion's run in production, and the champion that it became; undefined where the run did not complete. */
export interface Promoted<Run extends ProductionRun> {
  readonly run: Run
  readonly champion: Champion | undefined
}

/**
 * Promotes a playground run: checks it, runs the pipeline in production with its settings, compares the results, and
 * makes the production run the champion. Nothing is changed in production before all checks of the candidate pass.
 *
 * @param name the playground run
 * @throws Refused with every reason against it; CairnError CONFLICT when the champion was changed meanwhile
 */
export async function promote<Run extends ProductionRun>(
  promotion: PromotionContext<Run>,
  name: string,
): Promise<Promoted<Run>> {
  const candidate = await prepare(await examine(promotion, name))
  const run = await promotion.run(candidate.tried.settings ?? {})
  return { run, champion: run.status === 'completed' ? await conclude(candidate, run.plan) : undefined }
}

/** A run that passed all checks for promotion, and the production run that it would replace. */
interface Candidate extends PromotionContext {
  readonly tried: Plan
  /** The champion's record when the candidate was checked, if there was one, and the run in production. */
  readonly current: CurrentChampion
  readonly champion: string
}

/** Checks whether a playground run may be promoted. @throws Refused with every reason against it */
async function examine(promotion: PromotionContext, run: string): Promise<Candidate> {
  const { loaded, production, playground, adoption } = promotion
  const at = production.at(loaded.pipeline.name)
  const current = await currentChampion(production.store, at)
  const tried = (await readRecord<Plan>(playground.store, at.plan(run)))!
  const end = await readRecord<RunEnd>(playground.store, at.runEnd(run))
  const { plan: now } = await planRun(playground, loaded, { settings: tried.settings ?? {} })
  const champion = await findRun(production.store, at, PRODUCTION)
  const reasons = [
    ...notWhole(tried, end),
    ...(await changedCode(playground, tried, now)),
    ...changedSources(tried, now),
    ...(end?.status === 'completed'
      ? await brokenExpectations({ loaded, production, tried: playground }, tried, champion)
      : []),
    ...(adoption.policy === 'adopt' ? await unsignedRecords(promotion, tried) : []),
  ]
  if (reasons.length > 0) throw new Refused(tried, reasons)
  return { ...promotion, tried, current, champion }
}

/**
 * Prepares production for the candidate. With the policy `adopt` it copies the candidate's results, to be reused.
 *
 * @throws CairnError CONFLICT when the champion was changed meanwhile
 */
async function prepare(candidate: Candidate): Promise<Candidate> {
  const { production, playground, tried, adoption } = candidate
  const at = production.at(tried.pipeline)
  const current = candidate.current.champion ? candidate.current : await confirmChampion(candidate)
  if (adoption.policy === 'adopt')
    await copyResults({ store: playground.store, at }, { store: production.store, at }, tried.run)
  return { ...candidate, current }
}

/**
 * Makes the current production run the champion. Before the first promotion, the newest completed run is the one in
 * production. The candidate's own run would then become that before it has passed its checks.
 */
async function confirmChampion({
  production,
  tried,
  current,
  champion,
  setChampion,
}: Candidate): Promise<CurrentChampion> {
  const at = production.at(tried.pipeline)
  const outcome = await setChampion(current, { run: champion }).catch((error: unknown) => error)
  const now = await currentChampion(production.store, at)
  if (outcome instanceof Error && now.champion?.run !== champion) throw outcome // otherwise another promotion set it
  return now
}

/**
 * Makes a completed production run with the candidate's settings the champion.
 *
 * @throws Refused when its code or, unless the policy is `recompute`, its results differ from the candidate's;
 * CairnError CONFLICT when the champion was changed meanwhile
 */
async function conclude(candidate: Candidate, promoted: Plan): Promise<Champion> {
  const { production, playground, tried, current, adoption, setChampion } = candidate
  const reasons = await changedCode(playground, tried, promoted)
  if (reasons.length === 0 && adoption.policy !== 'recompute')
    reasons.push(...(await differentResults(playground, tried, production, promoted)))
  if (reasons.length > 0) throw new Refused(tried, reasons)
  return setChampion(current, { run: promoted.run, from: tried.run })
}
