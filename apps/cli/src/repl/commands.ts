import { CairnError, suggest } from '@cairn/kernel'
import { planTable, totals } from '../plan-table.ts'
import { paint } from '../terminal/style.ts'
import { table } from '../terminal/table.ts'
import { previewOf } from './artifact.ts'
import { plotOf } from './plot.ts'
import { comparison, outputDifference, runLab, runMatrix, type Leave } from './run.ts'
import { saveScript } from './save.ts'
import type { Change, ChangeOption, ReplSession } from './session.ts'
import { stepsTable } from './steps.ts'
import { wordsOf } from './words.ts'
import { printLines } from '../terminal/print.ts'

export interface ReplCommand {
  /** What stands behind the name: `<step>[/<output>]`. */
  readonly usage: string
  readonly help: string
  /** How many words it takes, at least and at most. */
  readonly takes: readonly [number, number]
  /** Prints what there is to be seen. Tells whether the session is to end. */
  readonly run: (session: ReplSession, words: readonly string[]) => Leave | Promise<Leave>
}

/** By name, in the order in which `.help` lists them. */
export const COMMANDS: ReadonlyMap<string, ReplCommand> = new Map(
  Object.entries({
    '.help': command('[command]', 'list the commands', [0, 1], (_, [name]) => printLines(helpText(name))),
    '.steps': command('', 'list the steps, with what they take and give', [0, 0], ({ lab }) =>
      printLines(stepsTable(lab.session)),
    ),
    '.show': command(
      '<step>[/<item>][/<output>] [rows]',
      'show what a step gave, in the last run or the base',
      [1, 2],
      say(previewOf),
    ),
    '.plot': command('<step>[/<output>] <column>', "plot how a table's column is distributed", [2, 2], say(plotOf)),
    '.set': change('set', '<name=value>…', "set a run parameter, or a step's as <step>.<name>"),
    '.swap': change('swap', '<step=file>…', 'put in its place the step that a file exports: <file>#<export>'),
    '.sample': change('sample', '<step/output=rows>…', 'go on with so many rows of a table, or a share: 1% (taints)'),
    '.items': change('items', '<each=which>…', 'go on with so many items of an each, or some: 3,ATL (taints)'),
    '.from': change('from', '<step>…', 'start here: what lies before is taken from the base'),
    '.until': change('until', '<step>…', 'stop after this step'),
    '.only': change('only', '<step>…', 'run this step alone'),
    '.undo': command('', 'take the last change back', [0, 0], async (session) =>
      printLines(`took back ${changeText(await session.undo())}`),
    ),
    '.reset': command('', 'take all changes back', [0, 0], (session) => session.reset()),
    '.changes': command('', 'list what has been changed so far', [0, 0], ({ changes }) =>
      printLines(changes.length > 0 ? changes.map(changeText).join('\n') : 'nothing is changed'),
    ),
    '.plan': command('', 'tell what a run would reuse and compute, and why', [0, 0], async (session) => {
      const lines = await session.plan()
      printLines(`${planTable(lines)}\n\n${totals(lines)}`)
    }),
    '.run': command('', 'run what the changes touch, and tell what they change', [0, 0], runLab),
    '.compare': command('[run]', 'compare the last run with another, or the base', [0, 1], async (session, [run]) =>
      printLines(await comparison(session, run ?? 'production')),
    ),
    '.diff': command(
      '<step>[/<output>] [by <column>…]',
      'tell how what a step gave differs from the base: row by row, or what models foretell',
      [1, Infinity],
      async (session, words) => printLines(await outputDifference(session, words)),
    ),
    '.matrix': command('<name=v1,v2>… [by <metric>]', 'run every combination and rank them', [1, Infinity], runMatrix),
    '.save': command('<file.ts>', 'write what was changed as a script', [1, 1], async (session, [file]) =>
      printLines(`wrote ${await saveScript(session, file!)}`),
    ),
    '.exit': command('', 'leave (or Ctrl-D)', [0, 0], () => true),
  }),
)

/** Does what a line says. Tells whether the session is to end. */
export async function doLine(session: ReplSession, line: string): Promise<Leave> {
  if (/^\s*(#|$)/.test(line)) return
  const [name = '', ...words] = wordsOf(line)
  const { usage, takes, run } = commandOf(name)
  const [least, most] = takes
  if (words.length >= least && words.length <= most) return run(session, words)
  throw new CairnError('BAD_PARAMETER', `${name} does not take ${words.length} words`, {
    next: `write it like ${`${name} ${usage}`.trim()}`,
  })
}

function commandOf(name: string): ReplCommand {
  const found = COMMANDS.get(name)
  if (found) return found
  throw new CairnError('NOT_FOUND', `there is no command "${name}"`, {
    next: `${suggest(name, COMMANDS.keys())} .help lists all`,
  })
}

function command(usage: string, help: string, takes: ReplCommand['takes'], run: ReplCommand['run']): ReplCommand {
  return { usage, help, takes, run }
}

/** A command that prints what comes of its words. */
function say(of: (session: ReplSession, ...words: [string, string]) => Promise<string>): ReplCommand['run'] {
  return async (session, words) => printLines(await of(session, ...(words as [string, string])))
}

/** A command that changes the lab, and tells what a run would do now. */
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
