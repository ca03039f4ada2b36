import { CairnError } from '@cairn/kernel'

const IN_ORDER =
  'declare all columns of the file in their order, or read the file without columns and select them in the query'
const RENAME = 'rename one of them in the file'

/**
 * Refuses columns whose names differ only in case: DuckDB renames the second, so a query for "A" would read "a".
 *
 * @throws CairnError BAD_DEFINITION for such names
 */
export function checkApart(names: readonly string[]): void {
  const known = new Map<string, string>()
  for (const name of names) {
    const other = known.get(name.toLowerCase())
    if (other !== undefined && name !== '')
      throw new CairnError(
        'BAD_DEFINITION',
        `the file has columns named "${other}" and "${name}", which are the same name in SQL`,
        { next: RENAME },
      )
    known.set(name.toLowerCase(), name)
  }
}

/**
 * Whether the first line of a file names the declared columns; false if it has none of their names.
 *
 * @throws CairnError BAD_DEFINITION if it has some of the names, or all in another order: DuckDB reads by position
 */
export function isHeader(line: readonly string[], declared: readonly string[]): boolean {
  const names = new Set(declared.map((name) => name.toLowerCase()))
  if (!line.some((name) => names.has(name.toLowerCase()))) return false
  if (line.length === declared.length && line.every((name, at) => name === declared[at])) return true
  throw new CairnError(
    'BAD_DEFINITION',
    `the declared columns are ${shown(declared)}, but the file has ${shown(line)}`,
    { next: IN_ORDER },
  )
}

export function shown(names: readonly string[]): string {
  return names.length > 12 ? `${names.slice(0, 12).join(', ')}, …` : names.join(', ')
}
