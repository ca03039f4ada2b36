import { CairnError, jsonText } from '@cairn/kernel'
import { undefinedOn } from '@cairn/kernel/contract'
import { pipelineNames, type Plan } from '@cairn/records'
import {
  findRun,
  loadPipeline,
  planRun,
  readContext,
  readRun,
  stepsOf,
  planLines,
  reasonTexts,
  type LoadedPipeline,
  type Workspace,
} from '@cairn/workspace'
import { openPool } from '@cairn/embedded'
import { clockWarnings } from '../clock-warnings.ts'
import { detailsOf } from '../run-details.ts'
import { driveRun, type RunInput } from '../drive-run.ts'
import { openPipeline, openWorkspace, requestOf, timeZone, type RequestOptions } from '../open.ts'
import type { GlobalOptions } from '../global-options.ts'
import { exportOutputs, exportTargets } from '../export-outputs.ts'
import { refuseRepeats } from '../refuse-repeats.ts'
import { refuseOwned } from '../written-files.ts'
import { summaryJson, summaryText } from '../run-summary.ts'
import type { ProgressOption } from '../terminal/progress.ts'
import { parameterToTry } from '../parameter-to-try.ts'
import { printData, printLines } from '../terminal/print.ts'

type Options = RequestOptions &
  Omit<ProgressOption, 'json'> & {
    readonly plan?: string
    readonly jobs?: number
    readonly out?: string
    readonly detach?: boolean
  }

/**
 * `cairn run`: plans a run, drives it to its end in this process, and prints the result. With `--on`, services do all
 * that, and this process only shows the progress.
 */
export default async function run(
  name: string | undefined,
  options: Options,
  command: { optsWithGlobals(): GlobalOptions },
) {
  const { json = false, ...globals } = command.optsWithGlobals()
  refuseRepeats({ set: options.set })
  const workspace = await openWorkspace(globals)
  if (globals.on !== undefined) return runOn(workspace, globals.on, name, options, json)
  const started = performance.now()
  const pool = openPool(workspace, options.jobs)
  if (workspace.history.isEmpty) pool.warm() // during planning: something has to be computed
  const { plan, loaded, dryRuns, stale } = await planned(workspace, name, options)
  const { out } = options
  const targets = out === undefined ? [] : exportTargets(loaded.pipeline, plan, out)
  if (out !== undefined) await refuseOwned(workspace, plan.pipeline, out, targets)
  const driven = { plan, dryRuns, notes: stale, steps: stepsOf(loaded.pipeline) }
  const { status, ends, exitCode } = await driveRun(workspace, driven, { ...options, json, pool, isSummarised: true })
  const outputs =
    out !== undefined && status === 'completed' ? await exportOutputs(workspace, plan, ends, out, targets) : []
  const result = {
    plan,
    status,
    ends,
    ...(await detailsOf(workspace, plan, ends)),
    ms: performance.now() - started,
    files: outputs,
    store: workspace.project.store,
    tryNext: await parameterToTry(loaded.pipeline, plan),
  }
  if (json) printData(jsonText(summaryJson(result), 2))
  else printLines(summaryText(result))
  process.exitCode = exitCode
}

async function runOn(workspace: Workspace, on: string, name: string | undefined, options: Options, json: boolean) {
  const unknown = (['plan', 'jobs', 'out'] as const).find((option) => options[option] !== undefined)
  if (unknown !== undefined)
    throw new CairnError('BAD_PARAMETER', `--${unknown} cannot be used with --on ${on}: the services compute the run`)
  const { submitRun } = await import('../remote/submit.ts')
  const context = readContext(workspace.project.root, on)
  const loaded = await openPipeline(workspace, name)
  const pipeline = loaded.pipeline.name
  const run = await submitRun(context.control, pipeline, await requestOf(options, loaded.pipeline.graph))
  if (options.detach) return printData(json ? JSON.stringify({ pipeline, run }) : `${pipeline}/${run}`)
  const { followRun } = await import('../remote/follow.ts')
  await followRun(workspace, context, pipeline, run, { ...options, json }).catch((error: unknown) => {
    throw error instanceof CairnError && error.code === 'NOT_ALLOWED' ? unseen(error, `${pipeline}/${run}`) : error
  })
}

/** The error of a token that may start a run but not read it. */
function unseen({ code, message }: CairnError, run: string): CairnError {
  return new CairnError(code, `${run} was started and continues, but its progress cannot be shown: ${message}`, {
    next: 'start runs with --detach, or use a token with the right "read"',
  })
}

interface Planned {
  readonly plan: Plan
  readonly loaded: LoadedPipeline
  readonly dryRuns: RunInput['dryRuns']
  /** Warnings of base outputs that today's code would not produce. */
  readonly stale: readonly string[]
}

async function planned(workspace: Workspace, name: string | undefined, options: Options): Promise<Planned> {
  if (options.plan !== undefined) {
    refuseChanges(options)
    return savedPlan(workspace, name, options.plan)
  }
  const loaded = await openPipeline(workspace, name)
  const planned = await planRun(workspace, loaded, await requestOf(options, loaded.pipeline.graph))
  const lines = planned.stale.size > 0 ? await planLines(workspace, planned) : []
  const stale = lines
    .filter(({ node }) => planned.stale.has(node))
    .map(({ node, reasons }) => `! ${node}  ${reasonTexts(reasons, timeZone()).join('; ')}`)
  const { plan, nodes: dryRuns, isAhead } = planned
  return { plan, loaded, dryRuns, stale: [...stale, ...clockWarnings(plan, isAhead)] }
}

/** A saved plan is complete, so options that would change it are refused. */
function refuseChanges(options: Options): void {
  const changing = (['set', 'params', 'from', 'until', 'base', 'force'] as const).find((name) => options[name])
  if (changing === undefined) return
  throw new CairnError('BAD_PARAMETER', `--${changing} cannot be used with --plan, which runs a saved plan as it is`, {
    next: 'cairn plan --save, with the options that you want',
  })
}

/** A plan of `cairn plan --save`, stored under the name of its future run. */
async function savedPlan(workspace: Workspace, name: string | undefined, wanted: string): Promise<Planned> {
  const { store } = workspace
  const found: { readonly pipeline: string; readonly run: string }[] = []
  for (const pipeline of name === undefined ? await pipelineNames(store, workspace.project.env) : [name]) {
    const run = await findRun(store, workspace.at(pipeline), wanted).catch(undefinedOn('NOT_FOUND', 'BAD_RECORD'))
    if (run !== undefined) found.push({ pipeline, run })
  }
  const [first, ...others] = found
  if (!first)
    throw new CairnError('NOT_FOUND', `there is no plan "${wanted}"`, { next: 'cairn plan --save creates one' })
  if (others.length > 0)
    throw new CairnError('NOT_FOUND', `plans of ${found.length} pipelines match "${wanted}"`, {
      next: `name one: ${found.map(({ pipeline, run }) => `cairn run ${pipeline} --plan ${run}`).join(', or ')}`,
    })
  const { pipeline, run } = first
  const { plan, end } = await readRun(store, workspace.at(pipeline), run)
  if (end)
    throw new CairnError('BAD_PARAMETER', `the plan ${run} has already been run`, {
      next: `cairn show ${pipeline}/${run}`,
    })
  return { plan, loaded: await loadPipeline(workspace.project, pipeline), dryRuns: new Map(), stale: [] }
}
