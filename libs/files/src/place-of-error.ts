const FULL = /\b(ENOSPC|EDQUOT)\b|\bNo space left on device\b|\bDisk quota exceeded\b/i

/**
 * Has an error say where there was no space: one of a write to an open file does not name the file, nor does a database.
 *
 * @param where what was being written; asked only for such an error
 * @returns the error
 */
export function withPlace(error: unknown, where: () => string): unknown {
  for (let cause = error; cause instanceof Error; cause = cause.cause)
    if (!('path' in cause) && FULL.test(`${(cause as NodeJS.ErrnoException).code} ${cause.message}`))
      Object.assign(cause, { path: where() })
  return error
}
