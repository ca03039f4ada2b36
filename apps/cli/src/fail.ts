import { escapedLines } from '@cairn/workspace'
import { CairnError } from '@cairn/kernel'
import type { RunStatus } from '@cairn/records'
import { ofFiles } from './file-errors.ts'
import { withGivenOptions } from './given-options.ts'
import { NEXT_STEPS } from './next-steps.ts'
import { paint } from './terminal/style.ts'
import { printData, printNotes } from './terminal/print.ts'

export const EXIT = { ok: 0, error: 1, cancelled: 2, runFailed: 3, interrupted: 130, terminated: 143 } as const
/** Signals that stop this process cleanly, with their exit codes. */
export const SIGNALS = { SIGINT: EXIT.interrupted, SIGTERM: EXIT.terminated } as const

export function exitCodeOf(status: RunStatus): number {
  return { completed: EXIT.ok, failed: EXIT.runFailed, cancelled: EXIT.cancelled }[status]
}

/** Prints an error for a person or a program. Only unexpected errors have a stack trace. */
export function fail(thrown: unknown, { json }: { readonly json?: boolean }): void {
  const error = ofFiles(thrown) ?? thrown
  process.exitCode = EXIT.error
  const known = error instanceof CairnError
  const message = error instanceof Error ? error.message : String(error)
  // Newer services may send codes that this program does not know.
  const step = known ? (error.next ?? (NEXT_STEPS as Readonly<Record<string, string>>)[error.code]) : undefined
  const next = step === undefined ? undefined : withGivenOptions(step)
  if (json) {
    printData(JSON.stringify({ error: { code: known ? error.code : 'UNEXPECTED', message, ...(next && { next }) } }))
    return
  }
  printNotes(`${paint('red', 'error', process.stderr)}  ${escapedLines(message)}`)
  if (next) printNotes(`${paint('dim', 'next', process.stderr)}   ${escapedLines(next)}`)
  if (!known && error instanceof Error)
    printNotes(paint('dim', `${error.stack ?? ''}\n${caused(error)}`, process.stderr))
}

function caused({ cause }: Error): string {
  return cause instanceof Error ? `caused by ${cause.stack ?? cause.message}` : ''
}
