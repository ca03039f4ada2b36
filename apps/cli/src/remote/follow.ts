import { duration, readEnds, readRun, type Context, type Workspace } from '@cairn/workspace'
import { stillWaitingAfterMs } from '@cairn/embedded'
import { CairnError } from '@cairn/kernel'
import type { RunStatus } from '@cairn/records'
import { EXIT, exitCodeOf } from '../fail.ts'
import { detailsOf } from '../run-details.ts'
import { summaryJson, summaryText, type RunResult } from '../run-summary.ts'
import { progressFor, type Progress, type ProgressOption } from '../terminal/progress.ts'
import { RunView } from '../terminal/run-view.ts'
import { eventsOf } from './events.ts'
import { missingStagesOf, missingStageText, stageCheckAfterMs, MissingStageWatch } from './missing-stages.ts'
import { waitText } from './waiting.ts'
import { printData, printLines, printNotes } from '../terminal/print.ts'

export interface FollowOptions extends ProgressOption {
  readonly json: boolean
}

/** Shows the progress of a run on services until it ends, then its summary. Ctrl-C only stops the display. */
export async function followRun(
  workspace: Workspace,
  context: Context,
  pipeline: string,
  run: string,
  options: FollowOptions,
): Promise<void> {
  const ended = await watchRun(workspace, context, pipeline, run, options)
  if (!ended) {
    const path = `${pipeline}/${run} --on ${context.name}`
    printNotes(`the run continues\nnext  cairn follow ${path}, or cairn cancel ${path}`)
    process.exitCode = EXIT.interrupted
    return
  }
  const details = await detailsOf(workspace, ended.plan, ended.ends)
  const { name: on } = context
  const result = { ...ended, ...details, files: [], store: `in ${on}`, on }
  if (options.json) printData(JSON.stringify(summaryJson(result), null, 2))
  else printLines(summaryText(result))
  process.exitCode = exitCodeOf(ended.status)
}

const CHECK_MS = 250
/** The interval between warnings grows by this factor. */
const INTERVAL_FACTOR = 4

/** Warns, at growing intervals, which step without a timeout is still running. */
function warnOfLongSteps({ plan, nodes }: RunView, progress: Progress): NodeJS.Timeout {
  const due = new Map<string, number>()
  const first = stillWaitingAfterMs()
  return setInterval(() => {
    for (const { node, state, startedAt, expectedMs = 0 } of nodes.values()) {
      const planned = plan.nodes[node]!
      const isBounded = planned.type !== 'step' || plan.steps[planned.step]!.timeoutMs !== undefined
      if (isBounded || state !== 'running' || startedAt === undefined) continue
      const ms = due.get(node) ?? Math.max(first, 3 * expectedMs)
      if (performance.now() - startedAt < ms) continue
      due.set(node, ms * INTERVAL_FACTOR)
      progress.note(
        `! ${node}  still running after ${duration(ms)}, in ${plan.pipeline}/${plan.run}: cairn logs shows what it printed; if it can wait forever, give the step a timeout`,
      )
    }
  }, CHECK_MS)
}

/** Shows the progress of a run on services, and returns its result; undefined if Ctrl-C came before its end. */
export async function watchRun(
  workspace: Workspace,
  { control, name: on }: Context,
  pipeline: string,
  run: string,
  options: ProgressOption,
): Promise<(Pick<RunResult, 'plan' | 'ends' | 'ms'> & { readonly status: RunStatus }) | undefined> {
  const { store } = workspace
  const at = workspace.at(pipeline)
  const { plan } = await readRun(store, at, run)
  const expected = (step: string) => workspace.history.expected(pipeline, step)?.ms
  const view = new RunView(plan, expected, new Map(), () => performance.now())
  const progress = await progressFor(view, options)
  const waiting = warnOfLongSteps(view, progress)
  const stages = new MissingStageWatch(
    stageCheckAfterMs(),
    (signal) => missingStagesOf({ control }, plan, signal),
    (step) => progress.note(missingStageText(plan, step, on)),
  )
  const detached = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => detached.abort())
  let status: RunStatus | undefined
  try {
    for await (const event of eventsOf(control, pipeline, run, detached.signal, (wait) =>
      progress.note(waitText(wait)),
    )) {
      stages.onEvent()
      progress.onEvent(event)
      if (event.type === 'cairn.run-ended') status = event.data.status as RunStatus
    }
  } finally {
    clearInterval(waiting)
    stages.end()
    progress.done()
  }
  if (status === undefined) return undefined
  const { end } = await readRun(store, at, run)
  if (!end)
    throw new CairnError('STORE_FAILED', `run ${run} was reported as ended, but the store has no record of its end`)
  const all = await readEnds(store, at, run)
  const ends = new Map(Object.keys(plan.nodes).flatMap((id) => (all.has(id) ? [[id, all.get(id)!] as const] : [])))
  return { plan, status, ends, ms: end.endedAt - plan.createdAt }
}
