import { readFileSync, statSync } from 'node:fs'
import { CairnError } from '@cairn/kernel'
import { whyNoFile } from '@cairn/files'

/**
 * Secrets by their names; undefined where there is no such file.
 *
 * @throws CairnError BAD_DEFINITION for a file that holds none: without a word of it, which may be one
 */
export function secretsIn(file: string): Readonly<Record<string, string>> | undefined {
  const found = statSync(file, { throwIfNoEntry: false })
  if (!found) return undefined
  const reason = whyNoFile(found)
  if (reason !== undefined)
    throw new CairnError('BAD_DEFINITION', `${file} cannot be read: ${reason}`, { next: 'move it away' })
  const secrets = parsed(readFileSync(file, 'utf8'))
  if (secrets) return secrets
  throw new CairnError('BAD_DEFINITION', `${file} is no JSON object of texts`, {
    next: 'write it as { "TOKEN": "…" }',
  })
}

/** Without a prototype: names are those of steps' secrets. */
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
