import { bytes, counted } from '@cairn/workspace'
import { CairnError } from '@cairn/kernel'
import type { Checkup, Finding } from '@cairn/maintenance'
import { withGivenOptions } from './given-options.ts'
import { paint } from './terminal/style.ts'

/** Checkups of stores, by pipeline. */
export type Checkups = Readonly<Record<string, Checkup>>

/**
 * The share of the stored bytes to read.
 *
 * @param text `10%`; true for all of them
 */
export function shareOf(text: string | true): number {
  const percent = text === true ? 100 : /^\d{1,3}(\.\d+)?%$/.test(text) ? Number(text.slice(0, -1)) : NaN
  if (percent <= 100) return percent / 100
  throw new CairnError('BAD_PARAMETER', `--bytes must be a percentage, not "${String(text)}"`, {
    next: 'write --bytes 10%',
  })
}

export function findingsOf(checkups: Checkups): Finding[] {
  return Object.values(checkups).flatMap(({ findings }) => findings)
}

/** Findings that remain after a repair. */
export function unrepairedOf(checkups: Checkups, repair: boolean): Finding[] {
  return findingsOf(checkups).filter(({ repair: how }) => !repair || how.startsWith('none'))
}

/** The findings, then a line for each pipeline. */
export function checkupLines(checkups: Checkups, repair: boolean): string[] {
  return [
    ...findingsOf(checkups).map(
      ({ path, what, repair: how }) =>
        `${paint('red', '✘')} ${path}\n    ${what}\n    ${paint('dim', repair ? how : `repair: ${how}`)}`,
    ),
    ...Object.entries(checkups).map(([pipeline, { checked, findings }]) => {
      const verdict = findings.length === 0 ? paint('green', 'ok') : paint('red', `${findings.length} damaged`)
      return `${verdict}  ${pipeline}  ${checkedText(checked)}`
    }),
  ]
}

/** Returns the line with the next command; undefined if nothing was found. */
export function nextLine(checkups: Checkups, repair: boolean): string | undefined {
  const findings = findingsOf(checkups)
  if (findings.length === 0) return undefined
  const canRepair = findings.some(({ repair: how }) => !how.startsWith('none'))
  const afterwards = repair ? 'run the pipeline again: data in quarantine is recomputed' : undefined
  const next = canRepair ? (afterwards ?? withGivenOptions('cairn doctor --repair')) : NOTHING_TO_REPAIR
  return `${paint('dim', 'next')}  ${next}`
}

const NOTHING_TO_REPAIR = '--repair changes nothing here; what helps is written under each finding'

function checkedText({ runs, checkpoints, objects, bytes: size, read }: Checkup['checked']): string {
  const unread = read < size ? `, of which ${bytes(read)} were read` : ''
  return `${counted(runs, 'run')}, ${counted(checkpoints, 'checkpoint')}, ${counted(objects, 'object')} of ${bytes(size)}${unread}`
}

const PROGRESS_MS = 2_000

/** Prints the progress of the check of a pipeline every few seconds, at a terminal only. */
export function progressOf(pipeline: string): (checkup: Pick<Checkup, 'checked'>) => void {
  const { stderr } = process
  let printedAt = performance.now()
  return ({ checked }) => {
    if (!stderr.isTTY || performance.now() - printedAt < PROGRESS_MS) return
    printedAt = performance.now()
    stderr.write(`${paint('dim', `checking ${pipeline}: ${checkedText(checked)}`, stderr)}\n`)
  }
}
