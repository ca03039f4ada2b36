import { CairnError, suggest } from '@cairn/kernel'
import { planTable, totals } from '../plan-table.ts'
import { paint } from '../terminal/style.ts'
import { table } from '../terminal/table.ts'
import { previewOf } from './artifact.ts'
import { plotOf } from './plot.ts'
import { comparison, outputDifference, runLab, runMatrix, type EndsSession } from './run.ts'
import { saveScript } from './save.ts'
import type { Change, ChangeOption, ReplSession } from './session.ts'
import { stepsTable } from './steps.ts'
import { wordsOf } from './words.ts'
import { printLines } from '../terminal/print.ts'

export interface ReplCommand {
  /** The arguments: `<step>[/<output>]`. */
  readonly usage: string
  readonly help: string
  /** Minimum and maximum number of arguments. */
  readonly takes: readonly [number, number]
  /** Runs the command and prints its result. Returns whether to end the session. */
  readonly run: (session: ReplSession, words: readonly string[]) => EndsSession | Promise<EndsSession>
}

/** By name, in the order in which `.help` lists them. */
export const COMMANDS: ReadonlyMap<string, ReplCommand> = new Map(
  Object.entries({
    '.help': command('[command]', 'list the commands', [0, 1], (_, [name]) => printLines(helpText(name))),
    '.steps': command('', 'list the steps with their inputs and outputs', [0, 0], ({ lab }) =>
      printLines(stepsTable(lab.session)),
    ),
    '.show': command(
      '<step>[/<item>][/<output>] [rows]',
      'show the output of a step in the last run, or in the base run',
      [1, 2],
      say(previewOf),
    ),
    '.plot': command('<step>[/<output>] <column>', 'plot the distribution of a column', [2, 2], say(plotOf)),
    '.set': change('set', '<name=value>…', 'set a run parameter, or a step parameter as <step>.<name>'),
    '.swap': change('swap', '<step=file>…', 'replace a step by the one that a file exports: <file>#<export>'),
    '.sample': change(
      'sample',
      '<step/output=rows>…',
      'continue with a sample of a table: a row count or a percentage (never promotable)',
    ),
    '.items': change(
      'items',
      '<each=which>…',
      'continue with some items of an each: a count, or names such as 3,ATL (never promotable)',
    ),
    '.from': change('from', '<step>…', 'start at this step; earlier steps are taken from the base run'),
    '.until': change('until', '<step>…', 'stop after this step'),
    '.only': change('only', '<step>…', 'run only this step'),
    '.undo': command('', 'undo the last change', [0, 0], async (session) =>
      printLines(`undone: ${changeText(await session.undo())}`),
    ),
    '.reset': command('', 'undo all changes', [0, 0], (session) => session.reset()),
    '.changes': command('', 'list the changes so far', [0, 0], ({ changes }) =>
      printLines(changes.length > 0 ? changes.map(changeText).join('\n') : 'no changes'),
    ),
    '.plan': command('', 'show what a run would reuse or compute, and why', [0, 0], async (session) => {
      const lines = await session.plan()
      printLines(`${planTable(lines, session.zone)}\n\n${totals(lines)}`)
    }),
    '.run': command('', 'run the affected steps and show what changed', [0, 0], runLab),
    '.compare': command(
      '[run]',
      'compare the last run with another run, or with the base run',
      [0, 1],
      async (session, [run]) => printLines(await comparison(session, run ?? 'production')),
    ),
    '.diff': command(
      '<step>[/<output>] [by <column>…]',
      'compare an output of a step with the base run: row by row, or predictions of models',
      [1, Infinity],
      async (session, words) => printLines(await outputDifference(session, words)),
    ),
    '.matrix': command(
      '<name=v1,v2>… [by <metric>]',
      'run every combination and rank the results',
      [1, Infinity],
      runMatrix,
    ),
    '.save': command('<file.ts>', 'write the changes to a script', [1, 1], async (session, [file]) =>
      printLines(`wrote ${await saveScript(session, file!)}`),
    ),
    '.exit': command('', 'leave (or Ctrl-D)', [0, 0], () => true),
  }),
)

/** Runs a line. Returns whether to end the session. */
export async function doLine(session: ReplSession, line: string): Promise<EndsSession> {
  if (/^\s*(#|$)/.test(line)) return
  const [name = '', ...words] = wordsOf(line)
  const { usage, takes, run } = commandOf(name)
  const [least, most] = takes
  if (words.length >= least && words.length <= most) return run(session, words)
  throw new CairnError('BAD_PARAMETER', `wrong number of arguments for ${name}: ${words.length}`, {
    next: `write it like ${`${name} ${usage}`.trim()}`,
  })
}

function commandOf(name: string): ReplCommand {
  const found = COMMANDS.get(name)
  if (found) return found
  throw new CairnError('NOT_FOUND', `there is no command "${name}"`, {
    next: `${suggest(name, COMMANDS.keys())} .help lists all commands`,
  })
}

function command(usage: string, help: string, takes: ReplCommand['takes'], run: ReplCommand['run']): ReplCommand {
  return { usage, help, takes, run }
}

/** A command that prints a result of its arguments. */
function say(of: (session: ReplSession, ...words: [string, string]) => Promise<string>): ReplCommand['run'] {
  return async (session, words) => printLines(await of(session, ...(words as [string, string])))
}

/** A command that changes the lab, and prints what a run would do now. */
function change(option: ChangeOption, usage: string, help: string): ReplCommand {
  return command(usage, help, [1, Infinity], async (session, words) =>
    printLines(totals(await session.change(option, words))),
  )
}

function changeText({ option, values }: Change): string {
  return `.${option} ${values.map((value) => (/[\s'"\\]/.test(value) ? quoted(value) : value)).join(' ')}`
}

function quoted(value: string): string {
  return `"${value.replaceAll(/["\\]/g, '\\$&')}"`
}

function helpText(name: string | undefined): string {
  const shown = name === undefined ? [...COMMANDS] : [[name, commandOf(name)] as const]
  return table(
    [{ title: '' }, { title: '' }],
    shown.map(([each, { usage, help }]) => [`${paint('bold', each)} ${usage}`, paint('dim', help)]),
  )
}
