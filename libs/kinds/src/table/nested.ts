import { CairnError, parseExactJson } from '@cairn/kernel'

/** Numbers that a double may not hold exactly. */
const LONG_NUMBER = /\d{16}|\d[eE]/

/**
 * Parses a list, struct or map of a query from DuckDB's JSON.
 *
 * @throws CairnError BAD_OUTPUT for a value that JSON or a JavaScript number cannot hold
 */
export function parseNested(text: string, column: string, row: number): unknown {
  const at = `column "${column}", row ${row}`
  try {
    return LONG_NUMBER.test(text) ? parseExactJson(text, at) : (JSON.parse(text) as unknown)
  } catch (cause) {
    const next = `cast it in the query: the column to text (${column}::varchar), or its values to another type`
    if (cause instanceof CairnError) throw new CairnError('BAD_OUTPUT', cause.message, { next, cause })
    throw new CairnError('BAD_OUTPUT', `${at}: contains NaN or Infinity, which JSON cannot represent`, { next, cause })
  }
}
