import { CairnError } from '@cairn/kernel'
import type { Plan } from '@cairn/records'
import { planLines, type PlanLine } from '@cairn/workspace'
import type { Lab } from '@cairn/explore'
import { changedBy, type ChangeOptions } from '../changes.ts'
import { timeZone } from '../open.ts'
import type { ProgressOption } from '../terminal/progress.ts'

/** A change of the lab: an option of `cairn play` with its values. */
export interface Change {
  readonly option: ChangeOption
  readonly values: readonly string[]
}
export type ChangeOption = Exclude<keyof ChangeOptions, 'params'>

export interface SessionOptions extends Pick<ProgressOption, 'progress'> {
  /** Whether the session is interactive: an interrupted run then returns to the prompt. */
  readonly isTerminal: boolean
  /** The context whose services hold production. */
  readonly on?: string | undefined
  /** Whether steps that are not swapped run with the stored code of the base. */
  readonly atRunCode?: boolean
}

/** The state of a session: the lab, its changes, and the last run. */
export class ReplSession {
  readonly opened: Lab
  readonly options: SessionOptions
  /** The plan of the last run. */
  last: Plan | undefined
  #lab: Lab
  #changes: readonly Change[] = []
  /** Read before bodies run here, as this process then uses UTC. */
  readonly zone = timeZone()

  constructor(opened: Lab, options: SessionOptions) {
    this.opened = opened
    this.options = options
    this.#lab = opened
  }

  get lab(): Lab {
    return this.#lab
  }

  get changes(): readonly Change[] {
    return this.#changes
  }

  /** Adds a change and returns the new plan. A change that cannot be planned is refused and not kept. */
  async change(option: ChangeOption, values: readonly string[]): Promise<PlanLine[]> {
    const changes = [...this.#changes, { option, values }]
    const lab = await changedBy(this.opened, optionsOf(changes))
    const lines = await this.#planOf(lab)
    this.#lab = lab
    this.#changes = changes
    return lines
  }

  /** Undoes the last change and returns it. */
  async undo(): Promise<Change> {
    const last = this.#changes.at(-1)
    if (!last)
      throw new CairnError('NOT_FOUND', 'there is no change to undo', {
        next: '.help lists the commands that make changes',
      })
    const changes = this.#changes.slice(0, -1)
    this.#lab = await changedBy(this.opened, optionsOf(changes))
    this.#changes = changes
    return last
  }

  reset(): void {
    this.#lab = this.opened
    this.#changes = []
  }

  plan(): Promise<PlanLine[]> {
    return this.#planOf(this.#lab)
  }

  async #planOf(lab: Lab): Promise<PlanLine[]> {
    const { planned } = await lab.planned()
    return planLines(lab.session.workspace, planned)
  }
}

/** Changes as options of `cairn play`. */
export function optionsOf(changes: readonly Change[]): ChangeOptions {
  const options: Partial<Record<ChangeOption, readonly string[]>> = {}
  for (const { option, values } of changes) options[option] = [...(options[option] ?? []), ...values]
  return options
}
