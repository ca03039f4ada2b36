import { CairnError } from '@cairn/kernel'
import { identifier } from './column-sql.ts'
import { isSqlPart, relation, SQL, type Query, type QueryRow, type SqlPart } from './relation.ts'
import type { SqlValue, Statement } from './sql-source.ts'

/** What a query may hold between its texts: a part, a list of parts, or a plain value. */
export type Interpolated = SqlPart | readonly SqlPart[] | SqlValue

type Tag = <R extends QueryRow = QueryRow>(strings: TemplateStringsArray, ...parts: readonly Interpolated[]) => Query<R>

/**
 * A query over tables, files and other queries. It runs when its rows are read. If a step returns it, DuckDB writes the
 * result to the table's file, and no row passes through JavaScript.
 *
 * It runs on one thread, so that sums of floats are the same everywhere. Only `order by` defines the order of rows,
 * over columns that identify each row (`order by all` always works).
 *
 * @throws CairnError BAD_DEFINITION when it runs, for a text that is not one query or whose rows may vary
 * @example
 * sql`select origin, avg(delay) as delay from ${flights} where delay < ${limit} group by origin order by origin`
 */
export const sql: Tag & {
  /** Runs the query on all cores. Use it only if the query orders its rows and sums no floats. */
  readonly parallel: Tag
} = Object.assign(tag('serial'), { parallel: tag('parallel') })

function tag(mode: 'serial' | 'parallel'): Tag {
  return (strings, ...parts) =>
    relation({
      relation: mode,
      // The line break closes a trailing comment in the query.
      text: async (into) => `(${await render(strings, parts, into)}\n)`,
    })
}

async function render(strings: readonly string[], parts: readonly Interpolated[], into: Statement): Promise<string> {
  let text = strings[0]!
  for (const [index, part] of parts.entries()) text += (await renderPart(part, into)) + strings[index + 1]!
  return text.replace(/[\s;]+$/, '')
}

async function renderPart(part: Interpolated, into: Statement): Promise<string> {
  if (isSqlPart(part)) return part[SQL].text(into)
  if (isPartList(part)) {
    const texts: string[] = []
    for (const item of part) texts.push(await item[SQL].text(into))
    return texts.join(', ')
  }
  if (!isValue(part))
    throw new CairnError(
      'BAD_DEFINITION',
      `a query cannot contain ${part === undefined ? 'undefined' : `a value of type ${typeof part}`}`,
      {
        next: 'interpolate tables, queries, parquet(…), csv(…), column(…) or plain values',
      },
    )
  checkValue(part)
  const name = `v${Object.keys(into.values).length + 1}`
  into.values[name] = part
  return `$${name}`
}

/** Refuses values that would change on the way to DuckDB, or not arrive. */
function checkValue(value: SqlValue): void {
  if (Array.isArray(value)) return value.forEach(checkValue)
  const next = 'check the value before you interpolate it'
  if (value instanceof Date && Number.isNaN(value.getTime()))
    throw new CairnError('BAD_DEFINITION', 'a query contains an invalid Date', { next })
  if (typeof value === 'string' && !value.isWellFormed())
    throw new CairnError(
      'BAD_DEFINITION',
      'a query contains a string that is not valid Unicode (half of a surrogate pair)',
      { next },
    )
}

function isPartList(part: Interpolated): part is readonly SqlPart[] {
  return Array.isArray(part) && part.length > 0 && part.every(isSqlPart)
}

function isValue(value: unknown): value is SqlValue {
  if (Array.isArray(value)) return value.every((item) => item !== null && !Array.isArray(item) && isValue(item))
  return value === null || value instanceof Date || /^(string|number|bigint|boolean)$/.test(typeof value)
}

/** Puts the name of a column into a query, for names that are known only when the step runs. */
export function column(name: string): SqlPart {
  return { [SQL]: { text: () => identifier(name) } }
}
