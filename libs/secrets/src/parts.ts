/**
 * Minimum length of a secret, in characters. Shorter values occur by chance in ordinary text, so masking them would
 * garble output.
 */
export const SHORTEST_SECRET = 4
/** Minimum length of a masked fragment that is not a whole line, in characters. */
const MIN_FRAGMENT_LENGTH = 8
/** Number of bytes that Node prints of a `Buffer`. */
const PRINTED_BYTES = 50

/**
 * Returns the fragments of a secret to mask: the whole, its lines, a URL's password, the strings in a JSON document, and
 * the start that Node prints of a long one's bytes.
 */
export function partsOf(secret: string): string[] {
  const lines = [...longEnough(secret.split(/\r?\n/), SHORTEST_SECRET), ...longEnough(secret.split(String.raw`\n`))]
  return [
    ...longEnough([secret, ...lines], SHORTEST_SECRET),
    ...longEnough(jsonStrings(secret)),
    ...passwordOf(secret),
    ...printedStart(secret.trim()),
  ]
}

function longEnough(parts: readonly string[], length = MIN_FRAGMENT_LENGTH): string[] {
  return parts.map((part) => part.trim()).filter((part) => part.length >= length)
}

function printedStart(secret: string): string[] {
  const bytes = Buffer.from(secret)
  return bytes.length > PRINTED_BYTES
    ? [
        bytes
          .subarray(0, PRINTED_BYTES)
          .toString()
          .replace(/\ufffd+$/, ''),
      ]
    : []
}

function passwordOf(secret: string): string[] {
  const [, password = ''] = /^\s*[a-z][a-z0-9+.-]*:\/\/[^/?#]*?:([^/?#]+)@/i.exec(secret) ?? []
  const decoded = password.replace(/(?:%[0-9a-f]{2})+/gi, (bytes) =>
    Buffer.from(bytes.replaceAll('%', ''), 'hex').toString(),
  )
  return longEnough([...new Set([password, decoded])], SHORTEST_SECRET)
}

function jsonStrings(secret: string): string[] {
  if (!/^\s*[[{]/.test(secret)) return []
  const strings: string[] = []
  try {
    JSON.parse(
      secret,
      (_, value: unknown) => void (typeof value === 'string' && strings.push(value, ...value.split('\n'))),
    )
  } catch {
    return [] // it is not JSON after all
  }
  return strings
}
