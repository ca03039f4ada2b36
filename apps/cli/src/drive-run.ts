import { channels, readRecord, type EndRecord, type Plan, type RunStatus } from '@cairn/records'
import type { Step } from '@cairn/kernel'
import { startRun, type RunningRun, type RunOptions } from '@cairn/embedded'
import type { Workspace } from '@cairn/workspace'
import { reportFetchesTo } from './fetch-notes.ts'
import { exitCodeOf, SIGNALS } from './fail.ts'
import { progressFor, type Progress, type ProgressOption } from './terminal/progress.ts'
import { RunView } from './terminal/run-view.ts'

/** A plan that is ready to run in this process. */
export interface RunInput {
  readonly plan: Plan
  /** By name. */
  readonly steps: ReadonlyMap<string, Step>
  readonly dryRuns: ConstructorParameters<typeof RunView>[2]
  /** Shown above the progress. */
  readonly notes: readonly string[]
}

export interface RunOutcome {
  readonly status: RunStatus
  /** Records of nodes outside every `each`. */
  readonly ends: ReadonlyMap<string, EndRecord>
  readonly exitCode: number
}

export interface DriveOptions extends ProgressOption, Pick<RunOptions, 'pool'> {
  /** Whether this process continues after the run, so that Ctrl-C only ever stops the run. */
  readonly keepsProcess?: boolean
  /** Whether a summary of the steps is printed afterwards. */
  readonly isSummarised?: boolean
}

/** Drives a planned run to its end in this process, and shows its progress. Signals stop it cleanly. */
export async function driveRun(
  workspace: Workspace,
  { plan, steps, dryRuns, notes }: RunInput,
  { pool, keepsProcess = false, isSummarised = false, ...options }: DriveOptions,
): Promise<RunOutcome> {
  const expected = (step: string) => workspace.history.expected(plan.pipeline, step)?.ms
  const view = new RunView(plan, expected, dryRuns, () => performance.now())
  const progress = await progressFor(view, options)
  for (const line of notes) progress.note(line)

  const print = (message: Parameters<Progress['print']>[0]) => progress.print(message)
  channels.output.subscribe(print)
  const stopReporting = reportFetchesTo(progress.fetching)
  const running = startRun(workspace, plan, {
    live: steps,
    onEvent: (event) => progress.onEvent(event),
    ...(pool && { pool }),
  })
  const signals = stopOnSignals(running, progress, keepsProcess)
  const release = () => {
    signals.release()
    channels.output.unsubscribe(print)
    stopReporting()
  }
  const status = await running.ended.finally(release).catch((error: unknown) => {
    progress.done()
    throw error
  })
  progress.done(isSummarised)
  const ends = await terminalRecords(workspace, plan)
  return { status, ends, exitCode: signals.code() ?? exitCodeOf(status) }
}

interface Signals {
  /** The exit code of the received signal, if any. */
  code(): number | undefined
  /** Restores the default signal handling after the run. */
  release(): void
}

/** The first signal stops the run cleanly and keeps finished steps. A second one exits at once. */
function stopOnSignals(running: RunningRun, progress: Progress, keepsProcess: boolean): Signals {
  let code: number | undefined
  const stop = (signal: keyof typeof SIGNALS) => () => {
    const exit = SIGNALS[signal]
    const endsProcess = !keepsProcess || signal !== 'SIGINT'
    if (code !== undefined) return endsProcess ? process.exit(exit) : undefined
    code = exit
    progress.note('stopping; finished steps are kept')
    running.cancel().catch((error: Error) => {
      progress.note(`could not stop the run: ${error.message}`)
      if (endsProcess) process.exit(exit)
      code = undefined // another Ctrl-C tries again
    })
  }
  const listeners = (['SIGINT', 'SIGTERM'] as const).map((signal) => [signal, stop(signal)] as const)
  for (const [signal, listener] of listeners) process.on(signal, listener)
  return {
    code: () => code,
    release() {
      for (const [signal, listener] of listeners) process.off(signal, listener)
    },
  }
}

/** Records of nodes outside every `each`. */
async function terminalRecords(workspace: Workspace, plan: Plan): Promise<Map<string, EndRecord>> {
  const ends = new Map<string, EndRecord>()
  for (const [id, { scope, type }] of Object.entries(plan.nodes)) {
    if (scope.length > 0 || type === 'given') continue
    const end = await readRecord<EndRecord>(workspace.store, workspace.at(plan.pipeline).end(plan.run, id))
    if (end) ends.set(id, end)
  }
  return ends
}
