import { CairnError } from '@cairn/kernel'
import { partsOf, SHORTEST_SECRET } from './parts.ts'
import { Search } from './search.ts'
import { ShortLines } from './short-lines.ts'
import type { Range } from './view.ts'

/** Values by name. */
export type Secrets = Readonly<Record<string, string>>

const MASK = '***'

/**
 * The secrets that a step declares, with their values.
 *
 * @throws CairnError MISSING_SECRET naming the one that the host cannot resolve, or that is too short to be kept secret
 */
export function secretsFor(
  step: string,
  names: readonly string[],
  resolve: (name: string) => string | undefined,
  whereSet: (name: string) => string = (name) =>
    `set CAIRN_SECRET_${name} in the environment, or ${name} in .cairn/secrets.json`,
): Secrets {
  return Object.fromEntries(
    names.map((name) => {
      const value = resolve(name)
      const where = whereSet(name)
      if (value === undefined || value === '')
        throw new CairnError('MISSING_SECRET', `${step} needs the secret ${name}, which is not set`, { next: where })
      if (value.trim().length < SHORTEST_SECRET)
        throw new CairnError(
          'MISSING_SECRET',
          `the secret ${name} of ${step} has fewer than ${SHORTEST_SECRET} characters; a value this short cannot be masked in logs`,
          { next: `${where}, to a longer value; if the value is not secret, make it a parameter` },
        )
      return [name, value]
    }),
  )
}

/** A text without any secret's value, or a line of it, in whatever usual encoding it came into it. */
export function masked(text: string, secrets: Secrets): string {
  const { parts, shortLines } = searchesOf(secrets)
  if (!parts) return text
  const whole = shortLines.masked(text)
  const ranges = [...parts.find(whole)].sort((a, b) => a.from - b.from)
  return ranges.length === 0 ? whole : without(ranges, whole)
}

function without(ranges: readonly Range[], text: string): string {
  let clean = ''
  let at = 0
  for (const { from, to } of ranges) {
    if (to <= at) continue
    if (from >= at) clean += text.slice(at, from) + MASK
    at = to
  }
  return clean + text.slice(at)
}

/** Whether a line has to be seen with the lines beside it: it may be a short line of a secret. */
export function dependsOnNeighbours(line: string, secrets: Secrets): boolean {
  return searchesOf(secrets).shortLines.mayBeIn(line)
}

/** A line without what is a short line of a secret, by the lines that stand beside it. */
export function maskedBeside(line: string, before: string, after: string, secrets: Secrets): string {
  const end = '\n'
  return searchesOf(secrets).shortLines.masked([before, line, after].join(end)).split(end)[1]!
}

/** The same for every text of a JSON value, names of fields included. */
export function maskedJson<Value>(value: Value, secrets: Secrets): Value {
  if (Object.keys(secrets).length === 0) return value
  const clean = (part: unknown): unknown =>
    typeof part === 'string'
      ? masked(part, secrets)
      : Array.isArray(part)
        ? part.map(clean)
        : typeof part === 'object' && part !== null
          ? Object.fromEntries(Object.entries(part).map(([name, inner]) => [masked(name, secrets), clean(inner)]))
          : part
  return clean(value) as Value
}

/**
 * The start of a text, masked before it is cut, so that no part of a secret is left at its end.
 *
 * @param more characters that follow the text and are not held
 */
export function maskedStart(text: string, limit: number, secrets: Secrets, more = 0): string {
  const margin = longestMatch(secrets)
  const held = text.slice(0, limit + margin)
  const unseen = more + text.length - held.length
  const clean = masked(held, secrets)
  const shown = Math.min(limit, unseen > 0 ? Math.max(0, clean.length - margin) : clean.length)
  const rest = unseen + clean.length - shown
  return rest > 0 ? `${clean.slice(0, shown)} … and ${rest.toLocaleString('en')} more characters` : clean
}

/** The name of a secret whose whole value is in a text, in whatever usual encoding. */
export function secretIn(text: string, secrets: Secrets): string | undefined {
  for (const { name } of searchesOf(secrets).whole.find(text)) return name
  return undefined
}

/** The most characters that a match may have: the end of a text that is cut may hold so much of one. */
export function longestMatch(secrets: Secrets): number {
  return Math.max(0, ...Object.values(secrets).map((value) => value.length)) * LONGEST_CHAR
}

/** `%2525C3%2525B6`, say. */
const LONGEST_CHAR = 16

interface Searches {
  readonly parts: Search | undefined
  readonly whole: Search
  readonly shortLines: ShortLines
}

const known = new WeakMap<Secrets, Searches>()

function searchesOf(secrets: Secrets): Searches {
  let searches = known.get(secrets)
  if (!searches) {
    const all = Object.entries(secrets)
    const parts = all.flatMap(([name, value]) => partsOf(value).map((part) => [name, part] as const))
    searches = {
      parts: parts.length > 0 ? new Search(parts) : undefined,
      whole: new Search(all.map(([name, value]) => [name, value.trim()])),
      shortLines: new ShortLines(Object.values(secrets)),
    }
    known.set(secrets, searches)
  }
  return searches
}
