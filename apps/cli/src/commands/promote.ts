import { CairnError } from '@cairn/kernel'
import {
  promote as setChampion,
  conclude,
  examineCandidate,
  prepare,
  type Candidate,
  type Promotion,
} from '@cairn/promotion'
import type { Champion, EndRecord, Plan } from '@cairn/records'
import {
  loadPipeline,
  planRun,
  readContext,
  stepsOf,
  type Context,
  type LoadedPipeline,
  type Workspace,
} from '@cairn/workspace'
import { openPool } from '@cairn/embedded'
import { findPlace } from '../artifact-path.ts'
import { driveRun } from '../drive-run.ts'
import { withGiven } from '../given-options.ts'
import { openProduction, openWorkspace } from '../open.ts'
import type { GlobalOptions } from '../global-options.ts'
import { detailsOf } from '../run-details.ts'
import { failures, type RunResult } from '../run-summary.ts'
import type { ProgressOption } from '../terminal/progress.ts'
import { paint } from '../terminal/style.ts'
import { byToken, whoIsHere } from '../who.ts'
import { printData, printLines } from '../terminal/print.ts'

type Options = Omit<ProgressOption, 'json'> & { readonly by?: string }

/** What production is, and how a run of it is done: in this process, or by services. */
interface Side {
  readonly production: Workspace
  readonly promotion: Pick<Promotion, 'adoption' | 'setChampion'>
  readonly run: (candidate: Candidate) => Promise<Pick<RunResult, 'plan' | 'status' | 'ends'>>
}

/** `cairn promote`: makes production give what a run of a playground gave, unless something speaks against it. */
export default async function promote(
  path: string,
  { by, ...progress }: Options,
  command: { optsWithGlobals(): GlobalOptions },
): Promise<void> {
  const { json = false, playground: place = 'scratch', ...globals } = command.optsWithGlobals()
  const playground = await openWorkspace({ ...globals, playground: place })
  const { pipeline, run } = await findPlace(playground, path)
  if (run.plan.playground === undefined) throw ofProduction(run.plan, place)
  const loaded = await loadPipeline(playground.project, pipeline)
  const options = { ...progress, json }
  const side =
    globals.on === undefined ? await here(globals, loaded, by, options) : await on(globals, loaded, by, options)
  const { production, promotion } = side

  const examined = await examineCandidate({ loaded, production, playground, ...promotion }, run.plan.run)
  const candidate = await prepare(examined)
  const { plan, status, ends } = await side.run(candidate)
  const { printed, items } = await detailsOf(production, plan, ends)
  if (status !== 'completed') {
    if (!json) printLines(failures({ plan, ends, printed, on: globals.on }).join('\n\n'))
    throw new CairnError(status === 'failed' ? 'STEP_FAILED' : 'CANCELLED', `run ${plan.run} of production ${status}`, {
      next: `cairn show ${pipeline}/${plan.run}${globals.on === undefined ? '' : ` --on ${globals.on}`}`,
    })
  }
  const champion = await conclude(candidate, plan)
  const computed = computedIn(ends, items)
  const { policy } = promotion.adoption
  if (json) return printData(JSON.stringify({ pipeline, policy, computed, ...champion }, null, 2))
  const done = computed.length > 0 ? `computed again: ${computed.join(', ')}` : 'nothing was computed'
  printLines(
    `${paint('green', 'promoted')}  ${pipeline}/${champion.run}  from ${place}/${run.plan.run}, policy ${policy}; ${done}`,
  )
  tellPrevious(champion, pipeline, globals.on)
}

/** A playground shows what it is over, too. */
function ofProduction({ pipeline, run }: Plan, place: string): CairnError {
  return new CairnError(
    'BAD_PARAMETER',
    `${pipeline}/${run} was run in production: promote takes a run of a playground, and ${place} has none of that name`,
    { next: `cairn play ${pipeline} runs it there; then: cairn promote ${pipeline}` },
  )
}

async function here(
  globals: GlobalOptions,
  loaded: LoadedPipeline,
  by = whoIsHere(),
  options: ProgressOption,
): Promise<Side> {
  const production = await openProduction(globals)
  const { store, clock, project } = production
  const at = production.at(loaded.pipeline.name)
  return {
    production,
    promotion: {
      adoption: project.adoption,
      setChampion: (standing, next) => setChampion(store, at, standing, { ...next, since: clock.now(), by }),
    },
    async run({ tried: { settings = {} } }) {
      const { plan, nodes: dryRuns } = await planRun(production, loaded, { settings })
      const driven = { plan, steps: stepsOf(loaded.pipeline), dryRuns, notes: [] }
      return { plan, ...(await driveRun(production, driven, { ...options, pool: openPool(production) })) }
    },
  }
}

/** Services say what is adopted, run it, and know by the token who promotes. */
async function on(
  globals: GlobalOptions,
  { pipeline: { name } }: LoadedPipeline,
  by: string | undefined,
  options: ProgressOption,
): Promise<Side> {
  if (by !== undefined) throw byToken(globals.on!)
  const { setChampionOn, productionOn } = await import('../remote/production.ts')
  const production = await openProduction(globals)
  const context: Context = readContext(production.project.root, globals.on!)
  const { policy, trusted, you, mayPromote } = await productionOn(context.control, name)
  if (!mayPromote)
    throw new CairnError('REFUSED', `the token of ${you} lacks the right "promote" for ${name} --on ${context.name}`)
  return {
    production,
    promotion: {
      adoption: { policy, trusted },
      setChampion: ({ champion }, next) =>
        setChampionOn(context.control, name, { ...next, expected: champion?.run ?? null }),
    },
    async run({ tried: { settings = {} } }) {
      const { submitRun } = await import('../remote/submit.ts')
      const { watchRun } = await import('../remote/follow.ts')
      const run = await submitRun(context.control, name, { settings })
      const ended = await watchRun(production, context, name, run, options)
      if (ended) return ended
      throw new CairnError('CANCELLED', `run ${run} goes on, and nothing is promoted`, {
        next: `cairn cancel ${name}/${run} --on ${context.name}`,
      })
    },
  }
}

/** Steps of which not all was reused. */
function computedIn(ends: ReadonlyMap<string, EndRecord>, items: RunResult['items']): string[] {
  const isComputed = ({ items: [outcome] }: EndRecord) => outcome?.status === 'completed' && outcome.how === 'computed'
  return [
    ...[...ends].flatMap(([node, end]) => (isComputed(end) ? [node] : [])),
    ...[...items].flatMap(([node, { computed }]) => (computed > 0 ? [node] : [])),
  ]
}

function tellPrevious({ previous }: Champion, pipeline: string, on: string | undefined): void {
  if (!previous) return
  const next = withGiven(`cairn rollback ${pipeline}${on === undefined ? '' : ` --on ${on}`}`)
  printLines(`before it was ${previous.run}; ${paint('dim', 'next')}  ${next}`)
}
