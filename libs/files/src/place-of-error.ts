import { fullDiskCode } from './full-disk.ts'

/**
 * Adds the path to an error about a full disk. An error of a write to an open file does not have one, nor does an error
 * of a database.
 *
 * @param where returns the path that was written to; called only for such an error
 * @returns the same error
 */
export function withPlace(error: unknown, where: () => string): unknown {
  const seen = new Set<unknown>() // causes may form a cycle
  for (let cause = error; cause instanceof Error && !seen.has(cause); cause = cause.cause) {
    seen.add(cause)
    if (!('path' in cause) && Object.isExtensible(cause) && fullDiskCode(cause)) Object.assign(cause, { path: where() })
  }
  return error
}
