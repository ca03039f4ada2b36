import { readFileSync, statSync } from 'node:fs'
import { CairnError } from '@cairn/kernel'
import { whyNoFile } from '@cairn/files'

/**
 * Reads secrets by name; undefined when the file does not exist.
 *
 * @throws CairnError BAD_DEFINITION for an invalid file; the message never quotes it, because that could show a secret
 */
export function secretsIn(file: string): Readonly<Record<string, string>> | undefined {
  const found = statSync(file, { throwIfNoEntry: false })
  if (!found) return undefined
  const reason = whyNoFile(found)
  if (reason !== undefined)
    throw new CairnError('BAD_DEFINITION', `${file} cannot be read: ${reason}`, { next: 'replace it with a file' })
  const secrets = parsed(readFileSync(file, 'utf8'))
  if (secrets) return secrets
  throw new CairnError('BAD_DEFINITION', `${file} must be a JSON object of strings`, {
    next: 'write it as { "TOKEN": "…" }',
  })
}

/** Parses into an object without a prototype, because the names come from steps' secrets. */
function parsed(text: string): Record<string, string> | undefined {
  try {
    const value: unknown = JSON.parse(text.replace(/^\uFEFF/, ''))
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
    const isOfTexts = Object.values(value).every((one) => typeof one === 'string')
    return isOfTexts ? Object.assign(Object.create(null) as Record<string, string>, value) : undefined
  } catch {
    return undefined
  }
}
