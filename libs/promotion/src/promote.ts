import { findRun, planRun } from '@cairn/workspace'
import { copyResults } from '@cairn/maintenance'
import { PRODUCTION, readRecord, type Champion, type Plan, type RunEnd } from '@cairn/records'
import { standingChampion, type Standing } from './champion.ts'
import { brokenExpectations } from './expectations.ts'
import type { Promotion } from './promotion.ts'
import { changedCode, changedSources, differentResults, notWhole, Refused, unsignedRecords } from './refusals.ts'

/** A run that nothing speaks against, and the run of production that is to take its place. */
export interface Candidate extends Promotion {
  readonly tried: Plan
  /** What was in production when it was looked at: its record, if it was promoted, and its run. */
  readonly standing: Standing
  readonly champion: string
}

/**
 * Looks whether a run of a playground may become production's.
 *
 * @throws Refused with every reason that speaks against it
 */
export async function examineCandidate(promotion: Promotion, run: string): Promise<Candidate> {
  const { loaded, production, playground, adoption } = promotion
  const at = production.at(loaded.pipeline.name)
  const standing = await standingChampion(production.store, at)
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
  return { ...promotion, tried, standing, champion }
}

/**
 * Readies production for the candidate's run. Under the policy `adopt` that is what the candidate computed, to be reused.
 *
 * @throws CairnError CONFLICT if another promotion was faster
 */
export async function prepare(candidate: Candidate): Promise<Candidate> {
  const { production, playground, tried, adoption } = candidate
  const at = production.at(tried.pipeline)
  const standing = candidate.standing.champion ? candidate.standing : await hold(candidate)
  if (adoption.policy === 'adopt')
    await copyResults({ store: playground.store, at }, { store: production.store, at }, tried.run)
  return { ...candidate, standing }
}

/**
 * Where nothing was ever promoted, the newest run that completed is production's; the candidate's run is about to be that,
 * and may yet be refused. So production is said to be what it is.
 */
async function hold({ production, tried, standing, champion, setChampion }: Candidate): Promise<Standing> {
  const at = production.at(tried.pipeline)
  const held = await setChampion(standing, { run: champion }).catch((error: unknown) => error)
  const now = await standingChampion(production.store, at)
  if (held instanceof Error && now.champion?.run !== champion) throw held // if it is the same, another holds it, too
  return now
}

/**
 * Makes a run of production, which has completed with the candidate's settings, its champion.
 *
 * @throws Refused if it had other code or gave something else than the candidate; CairnError CONFLICT if another promotion
 *   was faster
 */
export async function conclude(candidate: Candidate, promoted: Plan): Promise<Champion> {
  const { production, playground, tried, standing, adoption, setChampion } = candidate
  const reasons = await changedCode(playground, tried, promoted)
  if (reasons.length === 0 && adoption.policy !== 'recompute')
    reasons.push(...(await differentResults(playground, tried, production, promoted)))
  if (reasons.length > 0) throw new Refused(tried, reasons)
  return setChampion(standing, { run: promoted.run, from: tried.run })
}
