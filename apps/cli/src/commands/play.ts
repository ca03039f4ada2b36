import { CairnError } from '@cairn/kernel'
import { compareTo, type Lab } from '@cairn/explore'
import { openPool } from '@cairn/embedded'
import { planLines } from '@cairn/workspace'
import { changedBy, type ChangeOptions } from '../changes.ts'
import { driveMatrix } from '../drive-matrix.ts'
import { driveRun } from '../drive-run.ts'
import { leaderboardText } from '../leaderboard.ts'
import { changesText, notesOf, whereText } from '../lab-text.ts'
import type { GlobalOptions } from '../global-options.ts'
import { openLab } from '../open-lab.ts'
import { planTable, totals } from '../plan-table.ts'
import { refuseRepeats } from '../refuse-repeats.ts'
import { detailsOf } from '../run-details.ts'
import { summaryJson, summaryText } from '../run-summary.ts'
import { watchCode } from '../watch.ts'
import type { ProgressOption } from '../terminal/progress.ts'
import { printData, printLines } from '../terminal/print.ts'

type Options = ChangeOptions &
  Omit<ProgressOption, 'json'> & {
    readonly base?: string
    readonly matrix?: readonly string[]
    readonly by?: string
    readonly lowest?: boolean
    readonly plan?: boolean
    readonly watch?: boolean
    readonly atRunCode?: boolean
    readonly jobs?: number
  }

/** `cairn play`: re-runs a production run with changes in a playground, and compares the results. */
export default async function play(
  name: string | undefined,
  options: Options,
  command: { optsWithGlobals(): GlobalOptions },
) {
  const { json = false, ...globals } = command.optsWithGlobals()
  const started = performance.now()
  const { set, swap, sample, items, matrix } = options
  refuseRepeats({ set, swap, sample, items, matrix })
  if (matrix && options.plan)
    throw new CairnError('BAD_PARAMETER', '--plan cannot be used with --matrix', {
      next: 'plan one variant: --set instead of --matrix',
    })
  const opened = await openLab(name, globals, options)
  if (options.watch) return watchCode(opened, options)
  const lab = await changedBy(opened, options)
  const differences = await lab.differences()
  if (!json) printLines(`${whereText(lab, differences)}\n`)
  if (options.matrix) return playMatrix(lab, options.matrix, options, json)

  const { workspace, playground, base } = lab.session
  const { planned, steps } = await lab.planned()
  const { plan, missing } = planned
  const about = { base: base.run, playground, differences, missing }
  if (options.plan) {
    const lines = await planLines(workspace, planned)
    workspace.close()
    if (json) return printData(JSON.stringify({ pipeline: plan.pipeline, ...about, steps: lines }, null, 2))
    return printLines(`${planTable(lines)}\n\n${totals(lines)}`)
  }
  const notes = notesOf(lab, planned)
  const { status, ends, exitCode } = await driveRun(
    workspace,
    { plan, steps, dryRuns: planned.nodes, notes },
    { ...options, json, pool: openPool(workspace, options.jobs), isSummarised: true },
  )
  const changes = status === 'completed' ? await compareTo(lab.session, plan) : []
  const ms = performance.now() - started
  const result = {
    plan,
    status,
    ends,
    ...(await detailsOf(workspace, plan, ends)),
    ms,
    files: [],
    store: workspace.project.store,
    on: globals.on,
    playground,
  }
  if (json) printData(JSON.stringify({ ...summaryJson(result), ...about, changes }, null, 2))
  else {
    printLines(summaryText(result))
    if (status === 'completed') printLines(`\n${changesText(changes, base.run, plan.run)}`)
  }
  process.exitCode = exitCode
}

async function playMatrix(
  lab: Lab,
  matrix: readonly string[],
  { by, lowest, jobs }: Options,
  json: boolean,
): Promise<void> {
  const { board, exitCode } = await driveMatrix(lab, matrix, {
    ...(by !== undefined && { by }),
    ...(lowest && { lowest }),
    ...(jobs !== undefined && { jobs }),
  })
  if (json) printData(JSON.stringify({ base: lab.base, ...board }, null, 2))
  else printLines(leaderboardText(board))
  process.exitCode = exitCode
}
