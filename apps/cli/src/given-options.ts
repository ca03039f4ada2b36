import { COMMANDS } from './command-names.ts'
import type { GlobalOptions } from './global-options.ts'

/** Options that select the project, store, context and playground. */
const FLAGS = { project: '-C', store: '--store', on: '--on', playground: '--playground' } as const
type Given = Pick<GlobalOptions, keyof typeof FLAGS>

/** Commands about this machine, which take only the project. */
const LOCAL_COMMANDS: ReadonlySet<string> = new Set(['up', 'down', 'status', 'new', 'completion', 'explore'])

/** Commands about production, which take no playground. */
const PRODUCTION_COMMANDS: ReadonlySet<string> = new Set(['rollback', 'playgrounds'])

/** Distinguishes commands from prose: in "cairn has to be installed", `has` is not a command. */
const IS_COMMAND: ReadonlySet<string> = new Set(COMMANDS)

let given: Given = {}

/** Called once with the given global options. */
export function setGivenOptions(options: Given): void {
  given = options
}

/**
 * Adds the given options for project, store, context and playground to each command in a text, so that the command can
 * be copied and run.
 *
 * @param more options to add that were not given, for example the context of what a message is about
 */
export function withGivenOptions(text: string, more: Given = {}): string {
  const all = { ...given, ...more }
  return text.replace(/\bcairn ([a-z]+(?:-[a-z]+)*)\b([^;,)\n]*)/g, (command, verb: string, rest: string) => {
    const missing = (Object.keys(FLAGS) as (keyof typeof FLAGS)[]).flatMap((name) => {
      const value = all[name]
      const isMeant = value !== undefined && !` ${rest} `.includes(` ${FLAGS[name]} `)
      return isMeant && takes(verb, name) ? [`${FLAGS[name]} ${quoted(value)}`] : []
    })
    return missing.length === 0 || !IS_COMMAND.has(verb) ? command : `cairn ${verb} ${missing.join(' ')}${rest}`
  })
}

function takes(verb: string, name: keyof typeof FLAGS): boolean {
  if (name === 'playground' && PRODUCTION_COMMANDS.has(verb)) return false
  return !LOCAL_COMMANDS.has(verb) || name === 'project' || (verb === 'explore' && name !== 'on')
}

/** Quotes a value so that a shell reads it as one word. */
export function quoted(value: string): string {
  return /^[\w@%+=:,./-]+$/.test(value) ? value : `'${value.replaceAll("'", String.raw`'\''`)}'`
}
