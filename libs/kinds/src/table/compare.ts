import { CairnError, suggest, type Artifact, type Compared, type CompareOptions, type Json } from '@cairn/kernel'
import { pair } from '../pair.ts'
import { identifier, literal } from './column-sql.ts'
import { asker, isComparable, NUMERIC, sideOf, type Ask, type TableSide } from './compare-side.ts'
import { compareRows } from './compare-rows.ts'
import { lendConnection } from './duckdb.ts'

/** Compares two tables: their row counts, columns, distributions of values and rows. Reads each table several times. */
export async function compareTables(
  before: Artifact,
  after: Artifact,
  { rows, key }: CompareOptions,
): Promise<readonly Compared[]> {
  using lent = await lendConnection('parallel')
  const ask = asker(lent.connection)
  const [was, is] = [await sideOf(ask, before), await sideOf(ask, after)]
  for (const name of key ?? [])
    for (const { columns } of [was, is])
      if (!columns.has(name))
        throw new CairnError('BAD_PARAMETER', `the key column "${name}" does not exist`, {
          next: suggest(name, [...columns.keys()]),
        })
  return [
    {
      title: 'rows',
      columns: [{ name: 'rows', type: 'int64' }],
      rows: [[pair(was.rows, is.rows)]],
    },
    await compareColumns(ask, was, is),
    ...(await compareRows(ask, was, is, { rows, key })),
  ]
}

const ORDERED = /^(DATE|TIMESTAMP.*)$/
/** The number of equally filled bins with which the distributions of a column are compared. */
const BINS = 20
const SHARES = Array.from({ length: BINS - 1 }, (_, at) => (at + 1) / BINS)
/** The number of evenly spaced rows from which the edges of the bins are computed. They need not be exact. */
const SAMPLE = 100_000
/** The quantiles that are shown. */
const SHOWN = [0.05, 0.5, 0.95]

interface Stats {
  readonly nulls: number
  readonly mean: Json
  /** The values at the shown quantiles; empty for a column without an order. */
  readonly quantiles: readonly Json[]
  readonly values: number | null
  /** A checksum that does not depend on the order of the values. */
  readonly sum: Json
}

/** One row per column: type, nulls, distinct values, mean, quantiles, and the share of values that moved. */
async function compareColumns(ask: Ask, was: TableSide, is: TableSide): Promise<Compared> {
  const [before, after] = [await statsOf(ask, was), await statsOf(ask, is)]
  const rows: Json[][] = []
  for (const name of new Set([...is.columns.keys(), ...was.columns.keys()])) {
    const [one, other] = [before.get(name), after.get(name)]
    const [then, now] = [one ?? NONE, other ?? NONE]
    rows.push([
      name,
      pair(was.columns.get(name)?.toLowerCase() ?? null, is.columns.get(name)?.toLowerCase() ?? null),
      pair(then.nulls, now.nulls),
      pair(then.values, now.values),
      pair(rounded(then.mean), rounded(now.mean)),
      ...SHOWN.map((_, at) => pair(then.quantiles[at] ?? null, now.quantiles[at] ?? null)),
      one && other ? await movedShare(ask, { name, was, is, one, other }) : null,
    ])
  }
  const number = (title: string) => ({ name: title, type: 'float64' })
  return {
    title: 'columns',
    columns: [
      { name: 'column', type: 'string' },
      { name: 'type', type: 'string' },
      ...['nulls', 'values', 'mean', ...SHOWN.map((share) => `${share * 100} %`), 'moved'].map(number),
    ],
    rows,
  }
}

const NONE: Stats = { nulls: 0, mean: null, quantiles: [], values: null, sum: null }

/** Rounds to 12 digits: with many threads, the last digits of a sum vary. NaN is a text here and stays as it is. */
function rounded(value: Json): Json {
  return typeof value === 'number' ? Number(value.toPrecision(12)) : value
}

/** Computes the statistics of all columns in one pass over the table. */
async function statsOf(ask: Ask, { from, columns }: TableSide): Promise<Map<string, Stats>> {
  const all = [...columns]
  const parts = all.flatMap(([name, type], at) => {
    const column = identifier(name)
    const ordered = orderedValue(column, type)
    const mean = NUMERIC.test(type) ? `${column}::double` : type === 'BOOLEAN' ? `${column}::int` : 'null::double'
    return [
      `(count(*) - count(${column}))::double as nulls${at}`,
      `avg(${mean}) as mean${at}`,
      `${ordered === undefined ? 'null' : `quantile_disc(${ordered}, [${SHOWN.join(', ')}])`} as quantiles${at}`,
      `${type === 'VARCHAR' ? `count(distinct ${column})::double` : 'null'} as values${at}`,
      `sum(hash(${column}))::varchar as sum${at}`,
    ]
  })
  const [row] = await ask(`select ${parts.join(', ')} from ${from}`)
  const stats = (at: number) => ({
    nulls: row![`nulls${at}`] as number,
    mean: row![`mean${at}`]!,
    quantiles: (row![`quantiles${at}`] ?? []) as Json[],
    values: row![`values${at}`] as number | null,
    sum: row![`sum${at}`]!,
  })
  return new Map(all.map(([name], at) => [name, stats(at)]))
}

/** An SQL expression for an ordered value of the column; undefined for types without quantiles, such as texts. */
function orderedValue(column: string, type: string): string | undefined {
  return NUMERIC.test(type) ? `${column}::double` : ORDERED.test(type) ? column : undefined
}

interface Column {
  readonly name: string
  readonly was: TableSide
  readonly is: TableSide
  readonly one: Stats
  readonly other: Stats
}

/** The share of rows, from 0 to 1, that would have to change for both columns to have the same distribution. */
async function movedShare(ask: Ask, { name, was, is, one, other }: Column): Promise<number | null> {
  if (was.rows === 0 || is.rows === 0) return null
  const [type, now] = [was.columns.get(name)!, is.columns.get(name)!]
  if (!isComparable(type, now)) return null
  if (type === now && was.rows === is.rows && one.sum === other.sum) return 0
  const column = identifier(name)
  const ordered = orderedValue(column, type)
  const bin = ordered === undefined ? column : await binOf(ask, was, ordered, NUMERIC.test(type) ? 'double' : type)
  const counts = ({ from, rows }: TableSide) =>
    `select ${column} is null as missing, ${bin} as bin, count(*) / ${rows} as share from ${from} group by all`
  const [found] = await ask(`
    select sum(abs(coalesce(a.share, 0) - coalesce(b.share, 0))) / 2 as moved
    from (${counts(was)}) a full join (${counts(is)}) b
      on a.missing = b.missing and a.bin is not distinct from b.bin`)
  return Number((found!['moved'] as number).toFixed(4))
}

/** An SQL expression for the bin of a value. Each bin holds about equally many rows of the table. */
async function binOf(ask: Ask, { from, rows }: TableSide, value: string, type: string): Promise<string> {
  const every = Math.ceil(rows / SAMPLE)
  const quantiles = `quantile_disc(${value}, [${SHARES.join(', ')}])`
  const [found] = await ask(`select ${quantiles}::varchar[] as edges from ${from} where file_row_number % ${every} = 0`)
  const edges = new Set((found!['edges'] ?? []) as string[])
  const above = [...edges].map((edge) => `(${value} > ${literal(edge)}::${type})::int`)
  return above.length > 0 ? above.join(' + ') : '0'
}
