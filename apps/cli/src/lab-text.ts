import type { Lab } from '@cairn/explore'
import type { Difference, PlannedRun } from '@cairn/workspace'
import { clockWarnings } from './clock-warnings.ts'
import { paint } from './terminal/style.ts'
import { table } from './terminal/table.ts'

/** The base run of a lab, and the differences between its code and the current code. */
export function whereText({ base, session }: Lab, differences: readonly Difference[]): string {
  const { pipeline } = session.base
  const where = `${pipeline} from ${paint('bold', base)}, in playground ${paint('bold', session.playground)}`
  if (differences.length === 0) return where
  return `${where}\n\n${paint('yellow', '!')} the code has changed since that run:\n${differenceTable(differences, base, 'today')}`
}

/** Warnings to print before a lab run starts. */
export function notesOf({ base }: Lab, { plan, missing, isAhead }: PlannedRun): string[] {
  return [
    ...clockWarnings(plan, isAhead),
    ...missing.map((node) => `! the outputs of ${node} in run ${base} were removed by gc: it is computed again`),
    ...(plan.taints ?? []).map(
      ({ node, output, how }) => `! ${node}.${output} is ${how}: this run can never be promoted`,
    ),
  ]
}

export function changesText(changes: readonly Difference[], before: string, after: string): string {
  return changes.length > 0 ? differenceTable(changes, before, after) : `${after} has the same results as ${before}`
}

export function differenceTable(found: readonly Difference[], before: string, after: string): string {
  return table(
    ['', '', before, after].map((title) => ({ title })),
    found.map((difference) => [paint('dim', difference.what), difference.name, difference.before, difference.after]),
    (title) => paint('bold', title),
  )
}
