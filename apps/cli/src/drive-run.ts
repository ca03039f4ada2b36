import { channels, readRecord, type EndRecord, type Plan, type RunStatus, type Step } from '@cairn/kernel/runtime'
import { startRun, type RunningRun, type RunOptions, type Workspace } from '@cairn/embedded'
import { EXIT, exitCodeOf } from './fail.ts'
import { progressFor, type Progress, type ProgressOption } from './terminal/progress.ts'
import { RunView } from './terminal/run-view.ts'

/** A plan that is ready to be run here. */
export interface Driven {
  readonly plan: Plan
  /** By name. */
  readonly steps: ReadonlyMap<string, Step>
  readonly forecasts: ConstructorParameters<typeof RunView>[2]
  /** Shown above the progress. */
  readonly notes: readonly string[]
}

export interface DriveEnd {
  readonly status: RunStatus
  /** Of nodes outside every `each`. */
  readonly ends: ReadonlyMap<string, EndRecord>
  readonly exitCode: number
}

/** Drives a planned run to its end in this process, and shows how it goes. Signals end it in order. */
export async function driveRun(
  workspace: Workspace,
  { plan, steps, forecasts, notes }: Driven,
  { pool, ...options }: ProgressOption & Pick<RunOptions, 'pool'>,
): Promise<DriveEnd> {
  const expected = (step: string) => workspace.history.expected(plan.pipeline, step)?.ms
  const view = new RunView(plan, expected, forecasts, () => performance.now())
  const progress = await progressFor(view, options)
  for (const line of notes) progress.note(line)

  const print = (message: Parameters<Progress['print']>[0]) => progress.print(message)
  channels.output.subscribe(print)
  const running = startRun(workspace, plan, {
    live: steps,
    onEvent: (event) => progress.hear(event),
    ...(pool && { pool }),
  })
  const interrupted = stopOnSignals(running, progress)
  const status = await running.ended.finally(() => progress.done())
  const ends = await terminalRecords(workspace, plan)
  return { status, ends, exitCode: interrupted() ?? exitCodeOf(status) }
}

/** The first signal ends the run in order: what is finished stays. A second one ends this process at once. */
function stopOnSignals(running: RunningRun, progress: Progress): () => number | undefined {
  let code: number | undefined
  for (const [signal, exit] of [
    ['SIGINT', EXIT.interrupted],
    ['SIGTERM', EXIT.terminated],
  ] as const)
    process.on(signal, () => {
      if (code !== undefined) process.exit(exit)
      code = exit
      progress.note('stopping; what is finished is kept')
      running.cancel().catch((error: Error) => {
        progress.note(`could not stop in order: ${error.message}`)
        process.exit(exit)
      })
    })
  return () => code
}

/** Of nodes outside every `each`. */
async function terminalRecords(workspace: Workspace, plan: Plan): Promise<Map<string, EndRecord>> {
  const ends = new Map<string, EndRecord>()
  for (const [id, { scope, type }] of Object.entries(plan.nodes)) {
    if (scope.length > 0 || type === 'given') continue
    const end = await readRecord<EndRecord>(workspace.store, workspace.at(plan.pipeline).end(plan.run, id))
    if (end) ends.set(id, end)
  }
  return ends
}
