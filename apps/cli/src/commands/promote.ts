import { CairnError } from '@cairn/kernel/runtime'
import { conclude, examineCandidate, prepare } from '@cairn/explore'
import { loadPipeline, openPool, stepsOf } from '@cairn/embedded'
import { findPlace } from '../artifact-path.ts'
import { driveRun } from '../drive-run.ts'
import { openProduction, openWorkspace, type GlobalOptions } from '../open.ts'
import type { ProgressOption } from '../terminal/progress.ts'
import { paint } from '../terminal/style.ts'
import { whoIsHere } from '../who.ts'

type Options = Omit<ProgressOption, 'json'> & { readonly by?: string }

/** `cairn promote`: makes production give what a run of a playground gave, unless something speaks against it. */
export default async function promote(
  path: string,
  { by = whoIsHere(), ...options }: Options,
  command: { optsWithGlobals(): GlobalOptions },
): Promise<void> {
  const { json = false, playground: place = 'scratch', ...globals } = command.optsWithGlobals()
  if (globals.on !== undefined)
    throw new CairnError('BAD_PARAMETER', 'services do not promote yet', {
      next: 'cairn pull the run that it starts from, explore and promote here, and cairn push',
    })
  const production = await openProduction(globals)
  const playground = await openWorkspace({ ...globals, playground: place })
  const { pipeline, run } = await findPlace(playground, path)
  const { project } = production
  const loaded = await loadPipeline(project, pipeline)
  const { adoption } = project

  const examined = await examineCandidate({ loaded, production, playground, adoption }, run.plan.run)
  const candidate = await prepare(examined, by)
  const { plan, nodes: forecasts } = candidate.planned
  const driven = { plan, steps: stepsOf(loaded.pipeline), forecasts, notes: [] }
  const { status, ends } = await driveRun(production, driven, {
    ...options,
    json,
    pool: openPool(production),
  })
  if (status !== 'completed')
    throw new CairnError(status === 'failed' ? 'STEP_FAILED' : 'CANCELLED', `run ${plan.run} of production ${status}`, {
      next: `cairn show ${pipeline}/${plan.run}`,
    })
  const champion = await conclude(candidate, by)
  const computed = [...ends].flatMap(
    ([
      node,
      {
        lanes: [lane],
      },
    ]) => (lane?.status === 'completed' && lane.how === 'computed' ? [node] : []),
  )
  if (json) return console.log(JSON.stringify({ pipeline, policy: adoption.policy, computed, ...champion }, null, 2))
  const done = computed.length > 0 ? `computed again: ${computed.join(', ')}` : 'nothing was computed'
  console.log(
    `${paint('green', 'promoted')}  ${pipeline}/${champion.run}  from ${place}/${run.plan.run}, policy ${adoption.policy}; ${done}`,
  )
  tellPrevious(champion.previous?.run, pipeline)
}

function tellPrevious(previous: string | undefined, pipeline: string): void {
  if (previous !== undefined)
    console.log(`before it was ${previous}; ${paint('dim', 'next')}  cairn rollback ${pipeline}`)
}
