import { CairnError } from '@cairn/kernel'
import { promote, setChampion, type PromotionContext } from '@cairn/promotion'
import type { Champion, EndRecord, Plan, RunEnd } from '@cairn/records'
import { loadPipeline, planRun, readContext, stepsOf, type Context, type LoadedPipeline } from '@cairn/workspace'
import { openPool } from '@cairn/embedded'
import { findArtifactPath } from '../artifact-path.ts'
import { driveRun } from '../drive-run.ts'
import { withGivenOptions } from '../given-options.ts'
import { openProduction, openWorkspace } from '../open.ts'
import type { GlobalOptions } from '../global-options.ts'
import { detailsOf } from '../run-details.ts'
import { failures, type RunResult } from '../run-summary.ts'
import type { ProgressOption } from '../terminal/progress.ts'
import { paint } from '../terminal/style.ts'
import { byNotAllowed, currentUser } from '../current-user.ts'
import { printData, printLines } from '../terminal/print.ts'

type Options = Omit<ProgressOption, 'json'> & { readonly by?: string }

/** A run in production, here or on services. */
type Ran = Pick<RunResult, 'plan' | 'ends'> & { readonly status: RunEnd['status'] }
/** What differs between production here and production on services. */
type Side = Pick<PromotionContext<Ran>, 'production' | 'adoption' | 'run' | 'setChampion'>

/** `cairn promote`: promotes a playground run to production after checks. */
export default async function promoteCommand(
  path: string,
  { by, ...progress }: Options,
  command: { optsWithGlobals(): GlobalOptions },
): Promise<void> {
  const { json = false, playground: place = 'scratch', ...globals } = command.optsWithGlobals()
  const playground = await openWorkspace({ ...globals, playground: place })
  const { pipeline, run: tried } = await findArtifactPath(playground, path)
  if (tried.plan.playground === undefined) throw ofProduction(tried.plan, place)
  const loaded = await loadPipeline(playground.project, pipeline)
  const options = { ...progress, json }
  const side =
    globals.on === undefined ? await here(globals, loaded, by, options) : await on(globals, loaded, by, options)
  const { run, champion } = await promote({ loaded, playground, ...side }, tried.plan.run)
  const { printed, items } = await detailsOf(side.production, run.plan, run.ends)
  if (!champion) {
    if (!json) printLines(failures({ ...run, printed, on: globals.on }).join('\n\n'))
    throw notCompleted(run, globals.on)
  }
  const computed = computedIn(run.ends, items)
  const { policy } = side.adoption
  if (json) return printData(JSON.stringify({ pipeline, policy, computed, ...champion }, null, 2))
  const done = computed.length > 0 ? `recomputed: ${computed.join(', ')}` : 'nothing was recomputed'
  printLines(
    `${paint('green', 'promoted')}  ${pipeline}/${champion.run}  from ${place}/${tried.plan.run}, policy ${policy}; ${done}`,
  )
  tellPrevious(champion, pipeline, globals.on)
}

function notCompleted({ plan: { pipeline, run }, status }: Ran, on: string | undefined): CairnError {
  return new CairnError(status === 'failed' ? 'STEP_FAILED' : 'CANCELLED', `production run ${run} ${status}`, {
    next: `cairn show ${pipeline}/${run}${on === undefined ? '' : ` --on ${on}`}`,
  })
}

/** A playground also shows the production runs that it is layered on. */
function ofProduction({ pipeline, run }: Plan, place: string): CairnError {
  return new CairnError(
    'BAD_PARAMETER',
    `${pipeline}/${run} is a production run. Only playground runs can be promoted, and playground ${place} has no run of this name`,
    { next: `cairn play ${pipeline}, then cairn promote ${pipeline}` },
  )
}

async function here(
  globals: GlobalOptions,
  loaded: LoadedPipeline,
  by = currentUser(),
  options: ProgressOption,
): Promise<Side> {
  const production = await openProduction(globals)
  const { store, clock, project } = production
  const at = production.at(loaded.pipeline.name)
  return {
    production,
    adoption: project.adoption,
    setChampion: (standing, next) => setChampion(store, at, standing, { ...next, since: clock.now(), by }),
    async run(settings) {
      const { plan, nodes: dryRuns } = await planRun(production, loaded, { settings })
      const driven = { plan, steps: stepsOf(loaded.pipeline), dryRuns, notes: [] }
      return { plan, ...(await driveRun(production, driven, { ...options, pool: openPool(production) })) }
    },
  }
}

/** Services set the adoption policy, do the run, and know from the token who promotes. */
async function on(
  globals: GlobalOptions,
  { pipeline: { name } }: LoadedPipeline,
  by: string | undefined,
  options: ProgressOption,
): Promise<Side> {
  if (by !== undefined) throw byNotAllowed(globals.on!)
  const { setChampionOn, productionOn } = await import('../remote/production.ts')
  const production = await openProduction(globals)
  const context: Context = readContext(production.project.root, globals.on!)
  const { policy, trusted, you, mayPromote } = await productionOn(context.control, name)
  if (!mayPromote) throw new CairnError('NOT_ALLOWED', `the token of ${you} lacks the right "promote" for ${name}`)
  return {
    production,
    adoption: { policy, trusted },
    setChampion: ({ champion }, next) =>
      setChampionOn(context.control, name, { ...next, expected: champion?.run ?? null }),
    async run(settings) {
      const { submitRun } = await import('../remote/submit.ts')
      const { watchRun } = await import('../remote/follow.ts')
      const run = await submitRun(context.control, name, { settings })
      const ended = await watchRun(production, context, name, run, options)
      if (ended) return ended
      throw new CairnError('CANCELLED', `run ${run} continues on ${context.name}; nothing was promoted`, {
        next: `cairn cancel ${name}/${run} --on ${context.name}`,
      })
    },
  }
}

/** Steps that production computed, at least in part. */
function computedIn(ends: ReadonlyMap<string, EndRecord>, items: RunResult['items']): string[] {
  const isComputed = ({ items: [outcome] }: EndRecord) => outcome?.status === 'completed' && outcome.how === 'computed'
  return [
    ...[...ends].flatMap(([node, end]) => (isComputed(end) ? [node] : [])),
    ...[...items].flatMap(([node, { computed }]) => (computed > 0 ? [node] : [])),
  ]
}

function tellPrevious({ previous }: Champion, pipeline: string, on: string | undefined): void {
  if (!previous) return
  const next = withGivenOptions(`cairn rollback ${pipeline}${on === undefined ? '' : ` --on ${on}`}`)
  printLines(`previous  ${previous.run}\n${paint('dim', 'next')}      ${next}`)
}
