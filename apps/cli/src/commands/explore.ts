import { join } from 'node:path'
import { CairnError } from '@cairn/kernel'
import { EXIT, fail } from '../fail.ts'
import { whereText } from '../lab-text.ts'
import type { GlobalOptions } from '../global-options.ts'
import { openLab } from '../open-lab.ts'
import { doLine } from '../repl/commands.ts'
import { complete } from '../repl/complete.ts'
import { openHistory } from '../repl/history.ts'
import { pipedLines, typedLines } from '../repl/lines.ts'
import { ReplSession } from '../repl/session.ts'
import type { ProgressOption } from '../terminal/progress.ts'
import { paint } from '../terminal/style.ts'
import { printLines } from '../terminal/print.ts'

interface Options extends Pick<ProgressOption, 'progress'> {
  readonly base?: string
  readonly atRunCode?: boolean
}

/** `cairn explore`: inspects, changes and re-runs a production run interactively. */
export default async function exploreLines(
  name: string | undefined,
  { base, atRunCode = false, progress }: Options,
  command: { optsWithGlobals(): GlobalOptions },
): Promise<void> {
  const globals = command.optsWithGlobals()
  const lab = await openLab(name, globals, { base, atRunCode })
  const isTerminal = process.stdin.isTTY && process.stdout.isTTY
  const session = new ReplSession(lab, { isTerminal, on: globals.on, atRunCode, ...(progress && { progress }) })
  printLines(whereText(lab, await lab.differences()))
  if (isTerminal) printLines(paint('dim', '.help lists the commands, Tab completes them'))
  for await (const line of isTerminal ? typed(session) : pipedLines()) if (await done(session, line)) break
  lab.session.workspace.close()
  if (isTerminal && process.exitCode === EXIT.error) process.exitCode = EXIT.ok // the person has seen the error
}

/** Runs a line. An error is printed, and the next line is read. */
async function done(session: ReplSession, line: string): Promise<boolean> {
  try {
    return (await doLine(session, line)) === true
  } catch (error) {
    fail(error instanceof CairnError ? inDots(error) : error, {})
    return false
  }
}

/** Replaces options of `cairn play` in a hint by the commands of this prompt. */
function inDots({ code, message, next, cause }: CairnError): CairnError {
  const dotted = (text: string) => text.replaceAll(/--(?=(set|swap|sample|items|matrix) )/g, '.')
  return new CairnError(code, dotted(message), { ...(next !== undefined && { next: dotted(next) }), cause })
}

function typed(session: ReplSession): AsyncGenerator<string> {
  const { workspace, loaded } = session.opened.session
  return typedLines({
    prompt: () => `${loaded.pipeline.name}${session.changes.length > 0 ? ` +${session.changes.length}` : ''}> `,
    complete: (line) => complete(session, line),
    history: openHistory(join(workspace.cache, 'explore-history')),
  })
}
