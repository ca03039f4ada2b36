import { CairnError } from '@cairn/kernel'
import type { Tool } from './programs.ts'
import { howToInstall } from './servers.ts'

/** Whether a test has what it needs. If not, it is skipped with a note; in CI it fails. */
export function isAtHand(lacking: readonly Tool[]): boolean {
  if (lacking.length === 0) return true
  const message = `tests against Kafka and MinIO need ${lacking.map(({ name }) => name).join(', ')}`
  const next = howToInstall(lacking)
  if (process.env['CI']) throw new CairnError('NOT_FOUND', `${message}; ${next}`, { next })
  console.error(`skipped: ${message}; ${next}`)
  return false
}
