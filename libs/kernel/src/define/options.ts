import { CairnError, suggest } from '../errors.ts'
import { isSchema } from './schema.ts'
import { byteCount, milliseconds } from '../units.ts'

/** What is accepted as the value of an option. */
export interface Option {
  /** The accepted values in words, with an example, for the error message. */
  readonly expected: string
  readonly fits: (value: unknown) => boolean
  /** For an option that is an object: its own options. */
  readonly fields?: Options
  /** The one of these options that is required. */
  readonly needs?: string
  /** For a list of words: the accepted words. */
  readonly words?: readonly string[]
}
/** The options that a function accepts, by name. */
export type Options = Readonly<Record<string, Option>>

/**
 * Checks the names and values of options. A misspelled option is an error; it is never ignored.
 * @param owner who takes the options, for the error message: `step "train"`
 * @throws CairnError BAD_DEFINITION for an unknown name or a wrong value, with what was expected
 * @example
 * checkOptions({ batch: 50 }, { batch: takes.whole(1) }, 'each over pages')
 */
export function checkOptions(given: unknown, options: Options, owner: string): void {
  if (!isPlain(given))
    throw new CairnError('BAD_DEFINITION', `the options of ${owner} must be an object, not ${shown(given)}`, {
      next: `available options: ${Object.keys(options).join(', ')}`,
    })
  for (const [name, value] of Object.entries(given)) {
    const option = Object.hasOwn(options, name) ? options[name] : undefined
    if (!option)
      throw new CairnError('BAD_DEFINITION', `unknown option "${name}" of ${owner}`, {
        next: suggest(name, Object.keys(options)),
      })
    if (value !== undefined) checkOption(name, value, option, owner)
  }
}

/** @throws CairnError BAD_DEFINITION when a function without options is given some: `fromUrl(url, { headers: … })` */
export function checkNoOptions(given: readonly unknown[], owner: string): void {
  const more = given.find(
    (value): value is object => typeof value === 'object' && value !== null && !Array.isArray(value),
  )
  if (more === undefined) return
  const names = Object.keys(more).map((name) => `"${name}"`)
  throw new CairnError(
    'BAD_DEFINITION',
    `unknown option${names.length === 1 ? '' : 's'} ${names.join(', ')} of ${owner}`,
    {
      next: `${owner} takes no options: remove them`,
    },
  )
}

function checkOption(
  name: string,
  value: unknown,
  { expected, fits, fields, needs, words }: Option,
  owner: string,
): void {
  if (fields && isPlain(value)) {
    checkOptions(value, fields, `"${name}" of ${owner}`)
    if (needs === undefined || value[needs] !== undefined) return
  }
  const unknown = words && Array.isArray(value) ? value.find((word) => !words.includes(word as string)) : undefined
  if (unknown !== undefined)
    throw new CairnError(
      'BAD_DEFINITION',
      `option "${name}" of ${owner} contains an unknown value: ${shown(unknown)}`,
      {
        next: suggest(String(unknown), words!),
      },
    )
  if (!fits(value))
    throw new CairnError('BAD_DEFINITION', `option "${name}" of ${owner} is invalid: ${shown(value)}`, {
      next: `it must be ${expected}`,
    })
}

/** Formats a value for an error message. A text of more than 60 characters is cut. */
export function shown(value: unknown): string {
  if (typeof value === 'function') return 'a function'
  if (typeof value === 'bigint') return `${value}n`
  let text: string | undefined
  try {
    text = JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? `${inner}n` : inner))
  } catch {
    // a cycle: JSON cannot show it
  }
  if (typeof value === 'number') text = String(value)
  if (text === undefined)
    return typeof value === 'symbol' ? 'a symbol' : value === undefined ? 'undefined' : 'an object'
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text
}
const LONGEST_SHOWN = 60

/** The types of options, for {@link checkOptions}. */
export const takes = {
  text: option('a string', (value) => typeof value === 'string'),
  texts: option(`a list of strings, for example ['A', 'B']`, isTexts),
  flag: option('true or false', (value) => typeof value === 'boolean'),
  aFunction: option('a function', (value) => typeof value === 'function'),
  schema: option('a schema, for example z.object({ trees: z.number().default(100) })', isSchema),
  duration: option('a duration, for example "90s", "5m" or "12h"', succeeds(milliseconds)),
  memory: option('an amount of memory, for example "512MB" or "2GB"', succeeds(byteCount)),
  /** An object with any names. */
  named: option(
    'an object, for example { name: … }',
    (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  ),
  whole: (from: number) =>
    option(`an integer of at least ${from}`, (value) => Number.isInteger(value) && (value as number) >= from),
  /** A list of some of the given words. */
  someOf: (words: readonly string[]): Option => ({
    ...option(`a list with any of ${words.map((word) => `'${word}'`).join(', ')}`, isTexts),
    words,
  }),
  /** An object with these options, or another value that `or` accepts. */
  group: (expected: string, fields: Options, { needs, or = () => false }: GroupOptions = {}): Option => ({
    expected,
    fits: or,
    fields,
    ...(needs !== undefined && { needs }),
  }),
  what: option,
} as const

interface GroupOptions {
  readonly needs?: string
  readonly or?: Option['fits']
}

function option(expected: string, fits: Option['fits']): Option {
  return { expected, fits }
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}

function succeeds(parse: (value: never) => unknown): Option['fits'] {
  return (value) => {
    try {
      parse(value as never)
      return true
    } catch {
      return false
    }
  }
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}
