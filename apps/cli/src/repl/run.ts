import { CairnError } from '@cairn/kernel'
import { openPool } from '@cairn/embedded'
import { compareOutputs, compareTo } from '@cairn/explore'
import { driveMatrix } from '../drive-matrix.ts'
import { driveRun } from '../drive-run.ts'
import { EXIT } from '../fail.ts'
import { changesText, notesOf } from '../lab-text.ts'
import { leaderboardText } from '../leaderboard.ts'
import { comparedText } from '../preview.ts'
import { detailsOf } from '../run-details.ts'
import { summaryText } from '../run-summary.ts'
import type { ReplSession } from './session.ts'
import { printLines } from '../terminal/print.ts'

/** Whether to end the session. */
export type EndsSession = boolean | void

/** Runs the affected steps. After an interrupt an interactive session continues, and a script ends. */
export async function runLab(session: ReplSession): Promise<EndsSession> {
  const started = performance.now()
  const { lab, options } = session
  const { workspace, playground } = lab.session
  const { planned, steps } = await lab.planned()
  const { plan, nodes: dryRuns } = planned
  const notes = notesOf(lab, planned)
  const { status, ends, exitCode } = await driveRun(
    workspace,
    { plan, steps, dryRuns, notes },
    { ...options, json: false, pool: openPool(workspace), keepsProcess: options.isTerminal },
  )
  session.last = plan
  const ms = performance.now() - started
  const details = await detailsOf(workspace, plan, ends)
  const { store } = workspace.project
  printLines(summaryText({ plan, status, ends, ...details, ms, files: [], store, playground }).trimEnd())
  if (status === 'completed') printLines(`\n${await comparison(session, 'production')}`)
  if (exitCode === EXIT.ok) return
  const endsSession = mustEnd(exitCode, options)
  process.exitCode = endsSession ? exitCode : EXIT.error
  return endsSession
}

function mustEnd(exitCode: number, { isTerminal }: ReplSession['options']): boolean {
  return exitCode === EXIT.terminated || (exitCode === EXIT.interrupted && !isTerminal)
}

/** Compares the last run with another one; `production` is the base. */
export async function comparison({ lab, last }: ReplSession, other: string): Promise<string> {
  if (!last) throw new CairnError('NOT_FOUND', 'nothing has been run yet', { next: '.run' })
  const { base, pipeline } = { base: lab.base, pipeline: last.pipeline }
  const wanted = other.startsWith(`${pipeline}/`) ? other.slice(pipeline.length + 1) : other
  const name = wanted === 'production' ? base : wanted
  const found = await compareTo(lab.session, last, wanted)
  return changesText(found, name, last.run)
}

/** `<step>[/<output>] [by <column>…]`: compares an output of the last run with the base. */
export async function outputDifference({ lab, last }: ReplSession, words: readonly string[]): Promise<string> {
  if (!last) throw new CairnError('NOT_FOUND', 'nothing has been run yet', { next: '.run' })
  const [place = '', by, ...key] = words
  if (by !== undefined && (by !== 'by' || key.length === 0))
    throw new CairnError('BAD_PARAMETER', `"${words.slice(1).join(' ')}" is unexpected`, {
      next: `write it like .diff ${place} by <column>`,
    })
  const { workspace, loaded, base } = lab.session
  const runs = { workspace, graph: loaded.pipeline.graph, before: base, after: last }
  return comparedText(await compareOutputs(runs, place, { key }))
}

/** `train.trees=100,200 [by <metric>]`: runs every combination and ranks the results. */
export async function runMatrix({ lab, options }: ReplSession, words: readonly string[]): Promise<EndsSession> {
  const at = words.indexOf('by')
  const [grid, [, by, ...rest]] = at < 0 ? [words, []] : [words.slice(0, at), words.slice(at)]
  if (grid.length === 0 || rest.length > 0 || (at >= 0 && by === undefined))
    throw new CairnError('BAD_PARAMETER', 'the matrix is incomplete', {
      next: 'write it like .matrix train-model.trees=100,200 by auc',
    })
  const { board, exitCode } = await driveMatrix(lab, grid, by === undefined ? {} : { by })
  printLines(leaderboardText(board))
  if (mustEnd(exitCode, options)) process.exitCode = exitCode
  if (exitCode !== EXIT.error) return mustEnd(exitCode, options)
  const failed = board.variants.filter(({ error }) => error !== undefined).length
  throw new CairnError('STEP_FAILED', `${failed} of ${board.variants.length} variants failed`)
}
