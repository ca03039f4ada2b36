import { compareTo, explore, type Lab } from '@cairn/explore'
import { openPool, planLines, type Difference } from '@cairn/embedded'
import { changedBy, gridOf, type ChangeOptions } from '../changes.ts'
import { driveRun } from '../drive-run.ts'
import { leaderboardText } from '../leaderboard.ts'
import { openPipeline, openProduction, timeZone, type GlobalOptions } from '../open.ts'
import { planTable, totals } from '../plan-table.ts'
import { summaryJson, summaryText } from '../run-summary.ts'
import type { ProgressOption } from '../terminal/progress.ts'
import { paint } from '../terminal/style.ts'
import { differenceTable } from './diff.ts'

type Options = ChangeOptions &
  Omit<ProgressOption, 'json'> & {
    readonly base?: string
    readonly matrix?: readonly string[]
    readonly by?: string
    readonly lowest?: boolean
    readonly plan?: boolean
    readonly atRunCode?: boolean
    readonly jobs?: number
  }

/** `cairn play`: a run of production with something changed, in a playground; and what that changes. */
export default async function play(
  name: string | undefined,
  options: Options,
  command: { optsWithGlobals(): GlobalOptions },
) {
  const { json = false, playground, ...globals } = command.optsWithGlobals()
  const started = performance.now()
  const production = await openProduction(globals)
  const { project, store } = production
  const loaded = await openPipeline(production, name)
  const opened = await explore(loaded.pipeline, {
    project,
    loaded,
    production: { env: project.env, store },
    ...(options.base !== undefined && { base: options.base }),
    ...(options.atRunCode && { atRunCode: true }),
    ...(playground !== undefined && { playground }),
  })
  const lab = await changedBy(opened, options)
  const differences = await lab.differences()
  if (!json) tellWhere(lab, differences)
  if (options.matrix) return playMatrix(lab, options.matrix, options, json)

  const { workspace, playground: place, base } = lab.session
  const { planned, steps } = await lab.planned()
  const { plan, missing } = planned
  const about = { base: base.run, playground: place, differences, missing }
  if (options.plan) {
    const lines = await planLines(workspace, planned, timeZone())
    workspace.close()
    if (json) return console.log(JSON.stringify({ pipeline: plan.pipeline, ...about, steps: lines }, null, 2))
    return console.log(`${planTable(lines)}\n\n${totals(lines)}`)
  }
  const notes = [
    ...missing.map((node) => `! what ${node} gave in run ${base.run} was collected: it is computed again`),
    ...(plan.taints ?? []).map(({ node, output, how }) => `! ${node}.${output} is ${how}: this is never promoted`),
  ]
  const { status, ends, exitCode } = await driveRun(
    workspace,
    { plan, steps, forecasts: planned.nodes, notes },
    { ...options, json, pool: openPool(workspace, options.jobs) },
  )
  const changes = status === 'completed' ? await compareTo(lab.session, plan) : []
  const ms = performance.now() - started
  const result = { plan, status, ends, ms, files: [], store: project.store, on: globals.on, playground: place }
  if (json) console.log(JSON.stringify({ ...summaryJson(result), ...about, changes }, null, 2))
  else {
    console.log(summaryText(result))
    if (status === 'completed') console.log(`\n${changesText(changes, base.run, plan.run)}`)
  }
  process.exitCode = exitCode
}

function tellWhere({ base, session }: Lab, differences: readonly Difference[]): void {
  console.log(`from ${paint('bold', base)}, in playground ${paint('bold', session.playground)}\n`)
  if (differences.length === 0) return
  console.log(`${paint('yellow', '!')} today's code is not that of the run:`)
  console.log(`${differenceTable(differences, base, 'today')}\n`)
}

function changesText(changes: readonly Difference[], base: string, run: string): string {
  return changes.length > 0 ? differenceTable(changes, base, run) : `${run} gives what ${base} gave`
}

async function playMatrix(
  lab: Lab,
  matrix: readonly string[],
  { by, lowest, jobs }: Options,
  json: boolean,
): Promise<void> {
  const board = await lab.matrix(gridOf(matrix), {
    ...(by !== undefined && { by }),
    ...(lowest && { lowest }),
    ...(jobs !== undefined && { jobs }),
  })
  console.log(json ? JSON.stringify({ base: lab.base, ...board }, null, 2) : leaderboardText(board))
  if (board.variants.some(({ error }) => error !== undefined)) process.exitCode = 1
}
