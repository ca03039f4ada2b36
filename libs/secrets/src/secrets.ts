import { CairnError } from '@cairn/kernel'
import { partsOf, SHORTEST_SECRET } from './parts.ts'
import { Search } from './search.ts'
import { ShortLines } from './short-lines.ts'
import type { Range } from './view.ts'

/** Values of secrets by name. */
export type Secrets = Readonly<Record<string, string>>

const MASK = '***'

/**
 * Returns the values of the secrets that a step declares.
 *
 * @throws CairnError MISSING_SECRET if a secret is not set, or is too short to be masked
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

/** Masks every secret, or line of one, in any common encoding. */
export function masked(text: string, secrets: Secrets): string {
  const { parts, shortLines } = searchesOf(secrets)
  if (!parts) return text
  const whole = shortLines.masked(text)
  const ranges = [...parts.find(whole)].sort((a, b) => a.from - b.from)
  return ranges.length === 0 ? whole : withMasks(ranges, whole)
}

function withMasks(ranges: readonly Range[], text: string): string {
  let clean = ''
  let at = 0
  for (const { from, to } of ranges) {
    if (to <= at) continue
    if (from >= at) clean += text.slice(at, from) + MASK
    at = to
  }
  return clean + text.slice(at)
}

/** Whether masking a line requires its neighbours, because it may contain a short line of a secret. */
export function dependsOnNeighbours(line: string, secrets: Secrets): boolean {
  return searchesOf(secrets).shortLines.mayBeIn(line)
}

/** Masks short lines of a secret, given the adjacent lines. */
export function maskedBeside(line: string, before: string, after: string, secrets: Secrets): string {
  return searchesOf(secrets).shortLines.masked([before, line, after].join('\n')).split('\n')[1]!
}

/** Masks every string of a JSON value, field names included. */
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
 * Returns the start of a text, masked before it is cut, so that it does not end with part of a secret.
 *
 * @param limit maximum number of characters, without the note on omitted ones
 * @param more number of characters that follow the text and are not part of it
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

/** Returns the name of a secret whose whole value is in a text, in any common encoding. */
export function secretIn(text: string, secrets: Secrets): string | undefined {
  for (const { name } of searchesOf(secrets).whole.find(text)) return name
  return undefined
}

/** Maximum length of a match, in characters: where a text is cut, up to this much of it may be part of a secret. */
export function longestMatch(secrets: Secrets): number {
  return Math.max(0, ...Object.values(secrets).map((value) => value.length)) * LONGEST_CHAR
}

/** Maximum length of an encoded character, such as `%2525C3%2525B6`. */
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
