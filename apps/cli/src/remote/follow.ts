import { readEnds, readRun, type Context, type Workspace } from '@cairn/embedded'
import { CairnError, type RunStatus } from '@cairn/kernel/runtime'
import { EXIT, exitCodeOf } from '../fail.ts'
import { detailsOf } from '../run-details.ts'
import { summaryJson, summaryText, type RunResult } from '../run-summary.ts'
import { progressFor, type ProgressOption } from '../terminal/progress.ts'
import { RunView } from '../terminal/run-view.ts'
import { eventsOf } from './events.ts'

export interface FollowOptions extends ProgressOption {
  readonly json: boolean
}

/** Shows how a run on services goes until it has ended, and tells what came of it. Ctrl-C stops only the showing. */
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
    console.error(`the run goes on\nnext  cairn follow ${path}, or cairn cancel ${path}`)
    process.exitCode = EXIT.interrupted
    return
  }
  const details = await detailsOf(workspace, ended.plan, ended.ends)
  const result = { ...ended, ...details, files: [], store: `in ${context.name}`, on: context.name }
  console.log(options.json ? JSON.stringify(summaryJson(result), null, 2) : summaryText(result))
  process.exitCode = exitCodeOf(ended.status)
}

/** Shows how a run on services goes, and gives what came of it; undefined if Ctrl-C came before its end. */
export async function watchRun(
  workspace: Workspace,
  { control }: Context,
  pipeline: string,
  run: string,
  options: ProgressOption,
): Promise<(Pick<RunResult, 'plan' | 'ends' | 'ms'> & { readonly status: RunStatus }) | undefined> {
  const { store } = workspace
  const at = workspace.at(pipeline)
  const { plan } = await readRun(store, at, run)
  const expected = (step: string) => workspace.history.expected(pipeline, step)?.ms
  const progress = await progressFor(new RunView(plan, expected, new Map(), () => performance.now()), options)
  const detached = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => detached.abort())
  let status: RunStatus | undefined
  try {
    for await (const event of eventsOf(control, pipeline, run, detached.signal)) {
      progress.hear(event)
      if (event.type === 'cairn.run-ended') status = event.data.status as RunStatus
    }
  } finally {
    progress.done()
  }
  if (status === undefined) return undefined
  const { end } = await readRun(store, at, run)
  if (!end) throw new CairnError('STORE_FAILED', `the end of run ${run} was told and is not in the store`)
  const all = await readEnds(store, at, run)
  const ends = new Map(Object.keys(plan.nodes).flatMap((id) => (all.has(id) ? [[id, all.get(id)!] as const] : [])))
  return { plan, status, ends, ms: end.endedAt - plan.createdAt }
}
