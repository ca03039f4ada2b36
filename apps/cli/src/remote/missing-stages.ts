import { readContext, type Context, type RunSummary, type Workspace } from '@cairn/workspace'
import { CairnError } from '@cairn/kernel'
import type { Plan } from '@cairn/records'
import type { GlobalOptions } from '../global-options.ts'
import { withGivenOptions } from '../given-options.ts'
import { LOCAL } from '../local/stack.ts'
import { paint } from '../terminal/style.ts'
import { getFrom } from './control-client.ts'

type Run = Pick<Plan, 'pipeline' | 'run'>

/** Time limit of the request, in milliseconds. */
const RESPONSE_MS = 10_000

/** Returns the steps that a run waits for and that have no running stage. Empty if control does not respond. */
export async function missingStagesOf(
  { control }: Pick<Context, 'control'>,
  { pipeline, run }: Run,
  signal?: AbortSignal,
): Promise<readonly string[]> {
  try {
    const path = '/v1/pipelines/{pipeline}/runs/{run}/missing-stages'
    const limits = { deadline: RESPONSE_MS, ...(signal && { signal }) }
    return (await getFrom(control, path, { path: { pipeline, run } }, limits)).steps
  } catch {
    return []
  }
}

/** The same for a run that was read from the services of `--on`. Empty for a run that has ended. */
export async function missingStagesIn(
  { project }: Workspace,
  { on }: GlobalOptions,
  { plan, end }: RunSummary,
): Promise<readonly string[]> {
  return on === undefined || end ? [] : missingStagesOf(readContext(project.root, on), plan)
}

export function missingStageText({ pipeline, run }: Run, step: string, on: string | undefined): string {
  const start = on === LOCAL ? 'start it with cairn up' : 'start one'
  const next = withGivenOptions(`${start} or, if the project no longer has it, cairn cancel ${pipeline}/${run}`)
  return `${paint('yellow', `! ${step}`)}  no stage of ${pipeline}/${step} is running, and the run waits for it: ${next}`
}

/** Factor by which the interval between checks grows. */
const INTERVAL_FACTOR = 2

/** Checks for missing stages while a run sends no events, at growing intervals, and reports each missing one once. */
export class MissingStageWatch {
  readonly #check: (signal: AbortSignal) => Promise<readonly string[]>
  readonly #report: (step: string) => void
  readonly #firstMs: number
  readonly #ended = new AbortController()
  #timer: NodeJS.Timeout | undefined
  #waitMs: number
  #reported: ReadonlySet<string> = new Set()

  constructor(
    firstMs: number,
    check: (signal: AbortSignal) => Promise<readonly string[]>,
    report: (step: string) => void,
  ) {
    this.#firstMs = firstMs
    this.#waitMs = firstMs
    this.#check = check
    this.#report = report
    this.#wait()
  }

  /** Restarts the interval after an event of the run. */
  onEvent(): void {
    this.#waitMs = this.#firstMs
    this.#wait()
  }

  end(): void {
    this.#ended.abort()
    clearTimeout(this.#timer)
  }

  #wait(): void {
    clearTimeout(this.#timer)
    const { signal } = this.#ended
    if (signal.aborted) return
    const timer = setTimeout(async () => {
      this.#waitMs *= INTERVAL_FACTOR
      const steps = await this.#check(signal)
      if (signal.aborted) return
      for (const step of steps) if (!this.#reported.has(step)) this.#report(step)
      this.#reported = new Set(steps)
      if (this.#timer === timer) this.#wait()
    }, this.#waitMs)
    this.#timer = timer
  }
}

/** Returns the time without events of a run after which its stages are checked, in milliseconds. Default: 5 s. */
export function stageCheckAfterMs(): number {
  const { CAIRN_STAGE_CHECK: seconds = '5' } = process.env
  const ms = Number(seconds) * 1_000
  if (ms > 0) return ms
  throw new CairnError('BAD_PARAMETER', `CAIRN_STAGE_CHECK must be a number of seconds above 0, not "${seconds}"`)
}
