import { CairnError } from '@cairn/kernel'
import type { Plan } from '@cairn/records'
import { planLines, type PlanLine } from '@cairn/workspace'
import type { Lab } from '@cairn/explore'
import { changedBy, type ChangeOptions } from '../changes.ts'
import type { ProgressOption } from '../terminal/progress.ts'

/** A line that changed the lab: an option of `cairn play`, and what was given for it. */
export interface Change {
  readonly option: ChangeOption
  readonly values: readonly string[]
}
export type ChangeOption = Exclude<keyof ChangeOptions, 'params'>

export interface SessionOptions extends Pick<ProgressOption, 'progress'> {
  /** Whether a person sits there, whom an interrupted run brings back to the prompt. */
  readonly isTerminal: boolean
  /** The context whose services have production's runs. */
  readonly on?: string | undefined
  /** Whether what is not swapped runs with the code that the base stored. */
  readonly atRunCode?: boolean
}

/** What is explored and how far that has come: the lab, the changes that made it, and what was run last. */
export class ReplSession {
  readonly opened: Lab
  readonly options: SessionOptions
  /** The plan of the last run. */
  last: Plan | undefined
  #lab: Lab
  #changes: readonly Change[] = []
  /** Once bodies have run here, this process computes in UTC. */

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

  /** Takes a change up and gives the plan with it. One that cannot be planned is refused, and not kept. */
  async change(option: ChangeOption, values: readonly string[]): Promise<PlanLine[]> {
    const changes = [...this.#changes, { option, values }]
    const lab = await changedBy(this.opened, optionsOf(changes))
    const lines = await this.#planOf(lab)
    this.#lab = lab
    this.#changes = changes
    return lines
  }

  /** Takes the last change back; which one that was. */
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

/** Changes as the command line of `cairn play` would give them. */
export function optionsOf(changes: readonly Change[]): ChangeOptions {
  const options: Partial<Record<ChangeOption, readonly string[]>> = {}
  for (const { option, values } of changes) options[option] = [...(options[option] ?? []), ...values]
  return options
}
