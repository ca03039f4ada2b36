import { CairnError, type Compared, type Json } from '@cairn/kernel'
import { pair } from '../pair.ts'
import { identifier } from './column-sql.ts'
import { isComparable, type Ask, type TableSide } from './compare-side.ts'

interface RowOptions {
  readonly rows: number
  readonly key: readonly string[] | undefined
}

const PLACE = 'file_row_number'
/** The number of columns with examples. The columns in which most rows differ are shown. */
const SHOWN_COLUMNS = 6

/**
 * Finds the rows that only one table has, and the differences of the others. Rows are matched by a key, or by position
 * if both tables have the same number of rows.
 *
 * @throws CairnError BAD_PARAMETER when two rows of a table have the same key
 */
export async function compareRows(
  ask: Ask,
  was: TableSide,
  is: TableSide,
  { rows, key = was.rows === is.rows ? [PLACE] : [] }: RowOptions,
): Promise<readonly Compared[]> {
  if (key.length === 0) return []
  if (key[0] !== PLACE) for (const side of [was, is]) await checkUnique(ask, side, key)
  const common = [...is.columns.keys()].filter((name) => was.columns.has(name) && !key.includes(name))
  const differs = (name: string) => {
    const cast = isComparable(was.columns.get(name)!, is.columns.get(name)!) ? '' : '::varchar'
    const [one, other] = ['a', 'b'].map((side) => `${side}.${identifier(name)}${cast}`)
    return `(${one} is distinct from ${other})`
  }
  const joined = `(select *, true as here from ${was.from}) a full join (select *, true as here from ${is.from}) b
    on ${key.map((name) => `a.${identifier(name)} is not distinct from b.${identifier(name)}`).join(' and ')}`
  const both = 'a.here and b.here'
  const any = common.length > 0 ? common.map(differs).join(' or ') : 'false'
  const [apart] = await ask(`
    select count(*) filter (where b.here is null)::double as removed, count(*) filter (where a.here is null)::double as added
    from ${joined}`)
  // One condition per column: DuckDB's planning time grows with the square of the number of joined conditions.
  const [kept] = await ask(`
    select ${[
      `count(*)::double as kept`,
      `count_if(${any})::double as changed`,
      ...common.map((name, at) => `count_if(${differs(name)})::double as changed${at}`),
    ].join(', ')} from ${joined} where ${both}`)
  const counts: Record<string, Json> = { ...apart, ...kept }
  const count = (name: string) => counts[name] as number
  const isPlace = key[0] === PLACE
  const number = (name: string) => ({ name, type: 'float64' })
  const compared: Compared[] = [
    {
      title: isPlace ? 'rows at the same position' : `rows with the same ${key.join(', ')}`,
      columns: ['only before', 'only after', 'in both', 'changed'].map(number),
      rows: [[count('removed'), count('added'), count('kept'), count('changed')]],
    },
  ]
  const changed = common
    .map((name, at) => ({ name, rows: count(`changed${at}`) }))
    .filter((column) => column.rows > 0)
    .sort((a, b) => b.rows - a.rows)
  if (changed.length === 0) return compared
  compared.push({
    title: 'changed',
    columns: [{ name: 'column', type: 'string' }, number('rows'), number('share')],
    rows: changed.map(({ name, rows }) => [name, rows, rows / count('kept')]),
  })
  const shown = changed.slice(0, SHOWN_COLUMNS).map(({ name }) => name)
  const columns = [
    ...key.map((name, at) => `b.${identifier(name)} as key${at}`),
    ...shown.flatMap((name, at) => [`a.${identifier(name)} as was${at}`, `b.${identifier(name)} as is${at}`]),
  ]
  const examples = await ask(
    `select ${columns.join(', ')} from ${joined} where ${both} and (${any}) order by ${key.map((_, at) => `key${at}`).join(', ')} limit ${rows}`,
  )
  compared.push({
    title: 'examples',
    columns: [
      ...key.map((name) => ({ name: isPlace ? 'row' : name, type: is.columns.get(name)?.toLowerCase() ?? 'int64' })),
      ...shown.map((name) => ({ name, type: is.columns.get(name)!.toLowerCase() })),
    ],
    rows: examples.map((row) => [
      ...key.map((_, at) => plain(row[`key${at}`])),
      ...shown.map((_, at) => pair(plain(row[`was${at}`]), plain(row[`is${at}`]))),
    ]),
  })
  return compared
}

async function checkUnique(ask: Ask, { from }: TableSide, key: readonly string[]): Promise<void> {
  const columns = key.map(identifier).join(', ')
  const [found] = await ask(
    `select count(*)::double as shared from (select 1 from ${from} group by ${columns} having count(*) > 1)`,
  )
  const shared = found!['shared'] as number
  if (shared === 0) return
  throw new CairnError(
    'BAD_PARAMETER',
    `${key.join(', ')} does not identify rows: ${shared} of its values occur more than once`,
    {
      next: 'add more columns to the key',
    },
  )
}

/** Converts a 64-bit integer, which DuckDB returns as text, to a number if it has at most 15 digits. */
function plain(value: Json | undefined): Json {
  return typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : (value ?? null)
}
