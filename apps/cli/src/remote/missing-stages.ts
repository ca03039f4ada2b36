import { readContext, type Context, type RunSummary, type Workspace } from '@cairn/workspace'
import { CairnError } from '@cairn/kernel'
import type { Plan } from '@cairn/records'
import type { GlobalOptions } from '../global-options.ts'
import { withGiven } from '../given-options.ts'
import { LOCAL } from '../local/stack.ts'
import { paint } from '../terminal/style.ts'
import { getFrom } from './control-client.ts'

type Run = Pick<Plan, 'pipeline' | 'run'>

/** Time limit of the request, in milliseconds. */
const ANSWER_MS = 10_000

/** Returns the steps that a run waits for and that have no running stage. Empty if control does not respond. */
export async function missingStagesOf(
  { control }: Pick<Context, 'control'>,
  { pipeline, run }: Run,
  signal?: AbortSignal,
): Promise<readonly string[]> {
  try {
    const path = '/v1/pipelines/{pipeline}/runs/{run}/missing-stages'
    const limits = { deadline: ANSWER_MS, ...(signal && { signal }) }
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
  const next = withGiven(`${start}, or cairn cancel ${pipeline}/${run}`)
  return `${paint('yellow', `! ${step}`)}  no stage of ${pipeline}/${step} is running, and the run waits for it: ${next}`
}

/** Factor by which the interval between checks grows. */
const RARER = 2

/** Checks for missing stages while a run sends no events, at growing intervals, and reports each missing one once. */
export class StageWatch {
  readonly #look: (signal: AbortSignal) => Promise<readonly string[]>
  readonly #tell: (step: string) => void
  readonly #firstMs: number
  readonly #ended = new AbortController()
  #timer: NodeJS.Timeout | undefined
  #waitMs: number
  #told: ReadonlySet<string> = new Set()

  constructor(
    firstMs: number,
    look: (signal: AbortSignal) => Promise<readonly string[]>,
    tell: (step: string) => void,
  ) {
    this.#firstMs = firstMs
    this.#waitMs = firstMs
    this.#look = look
    this.#tell = tell
    this.#wait()
  }

  /** Restarts the interval after an event of the run. */
  heard(): void {
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
      this.#waitMs *= RARER
      const steps = await this.#look(signal)
      if (signal.aborted) return
      for (const step of steps) if (!this.#told.has(step)) this.#tell(step)
      this.#told = new Set(steps)
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
