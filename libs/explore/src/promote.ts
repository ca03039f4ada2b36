import { planRun, type Adoption, type LoadedPipeline, type PlannedRun, type Workspace } from '@cairn/embedded'
import {
  asPrevious,
  copyResults,
  crown,
  readRecord,
  standingChampion,
  type Champion,
  type Plan,
  type RunEnd,
  type Standing,
} from '@cairn/kernel/runtime'
import { brokenExpectations } from './expectations.ts'
import { inProduction } from './explore.ts'
import { changedCode, changedSources, differentResults, Refused, unsignedRecords } from './refusals.ts'

/** Where a run of a playground is to become production's. */
export interface Promotion {
  readonly loaded: LoadedPipeline
  readonly production: Workspace
  readonly playground: Workspace
  readonly adoption: Adoption
}

/** A run that nothing speaks against, and the run of production that is to take its place. */
export interface Candidate extends Promotion {
  readonly tried: Plan
  readonly planned: PlannedRun
  /** What was in production when it was looked at: its record, if it was promoted, and its run. */
  readonly standing: Standing
  readonly champion: string
}

/**
 * Looks whether a run of a playground may become production's, and plans the run of production that gives the same.
 *
 * @throws Refused with every reason that speaks against it
 */
export async function examineCandidate(promotion: Promotion, run: string): Promise<Candidate> {
  const { loaded, production, playground, adoption } = promotion
  const at = production.at(loaded.pipeline.name)
  const standing = await standingChampion(production.store, at)
  const tried = (await readRecord<Plan>(playground.store, at.plan(run)))!
  const { status } = (await readRecord<RunEnd>(playground.store, at.runEnd(run))) ?? { status: 'not over' }
  const planned = await planRun(production, loaded, { settings: tried.settings ?? {} })
  const champion = await inProduction(production.store, at, loaded.pipeline.name)
  const reasons = [
    ...(status === 'completed' ? [] : [`it is ${status}`]),
    ...(tried.taints ?? []).map(({ node, output, how }) => `${node}.${output} is ${how}`),
    ...standIns(tried),
    ...(await changedCode(playground, tried, planned.plan)),
    ...changedSources(tried, planned.plan),
    ...(status === 'completed' ? await brokenExpectations(promotion, tried, champion) : []),
    ...(adoption.policy === 'adopt' ? await unsignedRecords(promotion, tried) : []),
  ]
  if (reasons.length > 0) throw new Refused(tried, reasons)
  return { ...promotion, tried, planned, standing, champion }
}

/**
 * Readies production for the candidate's run. Under the policy `adopt` that is what the candidate computed, to be reused.
 *
 * @throws CairnError CONFLICT if another promotion was faster
 */
export async function prepare(candidate: Candidate, by: string): Promise<Candidate> {
  const { production, playground, tried, adoption } = candidate
  const at = production.at(tried.pipeline)
  const standing = candidate.standing.champion ? candidate.standing : await hold(candidate, by)
  if (adoption.policy === 'adopt')
    await copyResults({ store: playground.store, at }, { store: production.store, at }, tried.run)
  return { ...candidate, standing }
}

/**
 * Where nothing was ever promoted, the newest run that completed is production's; the candidate's run is about to be that,
 * and may yet be refused. So production is said to be what it is.
 */
async function hold({ production, tried, standing, champion }: Candidate, by: string): Promise<Standing> {
  const at = production.at(tried.pipeline)
  const held = await crown(production.store, at, standing, { run: champion, since: production.clock.now(), by }).catch(
    (error: unknown) => error,
  )
  const now = await standingChampion(production.store, at)
  if (held instanceof Error && now.champion?.run !== champion) throw held // if it is the same, another holds it, too
  return now
}

/**
 * Makes the run of production, which has completed, its champion.
 *
 * @throws Refused if it gave something else than the candidate; CairnError CONFLICT if another promotion was faster
 */
export async function conclude(candidate: Candidate, by: string): Promise<Champion> {
  const { production, playground, tried, planned, standing, adoption } = candidate
  const { run, pipeline } = planned.plan
  if (adoption.policy !== 'recompute') {
    const different = await differentResults(playground, tried, production, planned.plan)
    if (different.length > 0) throw new Refused(tried, different)
  }
  const since = production.clock.now()
  const previous = standing.champion && asPrevious(standing.champion)
  const next = { run, since, by, from: tried.run, ...(previous && { previous }) }
  return crown(production.store, production.at(pipeline), standing, next)
}

/** What was taken from another run was made by code and data that no one looks at here. */
function standIns({ nodes }: Plan): string[] {
  return Object.entries(nodes).flatMap(([id, node]) =>
    node.type === 'given'
      ? [`${id} was not run, but taken from ${node.from}: run it whole, without --from and --only`]
      : [],
  )
}
