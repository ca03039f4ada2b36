import { hash } from 'node:crypto'

/**
 * SHA-256 (hex) of a tagged list. Each part is prefixed with its length, so different lists never give the same text.
 */
export function digest(tag: string, parts: Iterable<string | number>): string {
  let text = `${tag}\n`
  for (const part of parts) {
    const written = String(part)
    text += `${written.length}:${written}`
  }
  return hash('sha256', text)
}

export function digestBytes(bytes: string | Uint8Array): string {
  return hash('sha256', bytes)
}
