import { CairnError } from './errors.ts'
import { patternOf } from './secret-pattern.ts'

/** Values by name. */
export type Secrets = Readonly<Record<string, string>>

/** A shorter value stands in many a text by chance: it could not be masked without spoiling what is printed. */
const SHORTEST_SECRET = 4
/** A part of a secret that is not a line of it, in characters: what is shorter tells hardly anything. */
const TELLING_LENGTH = 8
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
): Secrets {
  return Object.fromEntries(
    names.map((name) => {
      const value = resolve(name)
      const where = `set CAIRN_SECRET_${name} in the environment, or ${name} in .cairn/secrets.json`
      if (value === undefined || value === '')
        throw new CairnError('MISSING_SECRET', `${step} needs the secret ${name}, which is not set`, { next: where })
      if (value.trim().length < SHORTEST_SECRET)
        throw new CairnError(
          'MISSING_SECRET',
          `the secret ${name} of ${step} has fewer than ${SHORTEST_SECRET} characters: a value this short cannot be masked in what the step prints`,
          { next: `${where}, to a longer value; what need not be secret is a parameter` },
        )
      return [name, value]
    }),
  )
}

/** A text without any secret's value, or a line of it, in whatever usual encoding it came into it. */
export function masked(text: string, secrets: Secrets): string {
  const { all } = patternsOf(secrets)
  return all ? text.replace(all, MASK) : text
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

/** For each secret's name: what matches its whole value in a text. */
export function secretPatterns(secrets: Secrets): ReadonlyMap<string, RegExp> {
  return patternsOf(secrets).whole
}

/** The most characters that a match may have: the end of a text that is cut may hold so much of one. */
export function longestMatch(secrets: Secrets): number {
  return Math.max(0, ...Object.values(secrets).map((value) => value.length)) * LONGEST_CHAR
}

/** `%2525C3%2525B6`, say. */
const LONGEST_CHAR = 16

interface Patterns {
  readonly all: RegExp | undefined
  readonly whole: ReadonlyMap<string, RegExp>
}

const known = new WeakMap<Secrets, Patterns>()

function patternsOf(secrets: Secrets): Patterns {
  let patterns = known.get(secrets)
  if (!patterns) {
    const parts = [...new Set(Object.values(secrets).flatMap(partsOf))]
    const longestFirst = parts.sort((a, b) => b.length - a.length) // one may be a part of another
    patterns = {
      all: parts.length > 0 ? new RegExp(longestFirst.map(patternOf).join('|'), 'g') : undefined,
      whole: new Map(
        Object.entries(secrets).map(([name, value]) => [name, new RegExp(patternOf(value.trim()))] as const),
      ),
    }
    known.set(secrets, patterns)
  }
  return patterns
}

/** What must not be told of a secret: all of it, its lines, the password of an address, the texts of a JSON document. */
function partsOf(secret: string): string[] {
  const lines = [...longEnough(secret.split(/\r?\n/), SHORTEST_SECRET), ...longEnough(secret.split(String.raw`\n`))]
  return [...longEnough([secret, ...lines], SHORTEST_SECRET), ...longEnough(textsOf(secret)), ...passwordOf(secret)]
}

function longEnough(parts: readonly string[], length = TELLING_LENGTH): string[] {
  return parts.map((part) => part.trim()).filter((part) => part.length >= length)
}

function passwordOf(secret: string): string[] {
  const [, password = ''] = /^\s*[a-z][a-z0-9+.-]*:\/\/[^/?#]*?:([^/?#]+)@/i.exec(secret) ?? []
  const decoded = password.replace(/(?:%[0-9a-f]{2})+/gi, (bytes) =>
    Buffer.from(bytes.replaceAll('%', ''), 'hex').toString(),
  )
  return longEnough([...new Set([password, decoded])], SHORTEST_SECRET)
}

function textsOf(secret: string): string[] {
  if (!/^\s*[[{]/.test(secret)) return []
  const texts: string[] = []
  try {
    JSON.parse(
      secret,
      (_, value: unknown) => void (typeof value === 'string' && texts.push(value, ...value.split('\n'))),
    )
  } catch {
    return [] // it only looks like JSON
  }
  return texts
}
