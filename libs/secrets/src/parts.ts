/** A shorter value stands in many a text by chance: it could not be masked without spoiling what is printed. */
export const SHORTEST_SECRET = 4
/** A part of a secret that is not a line of it, in characters: what is shorter tells hardly anything. */
const TELLING_LENGTH = 8
/** So many bytes of a buffer are shown where it is printed. */
const SHOWN_BYTES = 50

/** What must not be told of a secret: all of it, its lines, the password of an address, the texts of a JSON document. */
export function partsOf(secret: string): string[] {
  const lines = [...longEnough(secret.split(/\r?\n/), SHORTEST_SECRET), ...longEnough(secret.split(String.raw`\n`))]
  return [
    ...longEnough([secret, ...lines], SHORTEST_SECRET),
    ...longEnough(textsOf(secret)),
    ...passwordOf(secret),
    ...startOf(secret.trim()),
  ]
}

function longEnough(parts: readonly string[], length = TELLING_LENGTH): string[] {
  return parts.map((part) => part.trim()).filter((part) => part.length >= length)
}

function startOf(secret: string): string[] {
  const bytes = Buffer.from(secret)
  return bytes.length > SHOWN_BYTES
    ? [
        bytes
          .subarray(0, SHOWN_BYTES)
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
