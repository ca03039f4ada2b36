import { CairnError, type Artifact, type Compared, type CompareOptions, type Json } from '@cairn/kernel'
import { pair } from '../pair.ts'
import { parquetFile } from '../table/duckdb-path.ts'
import { asker, NUMERIC } from '../table/compare-side.ts'
import { lendConnection } from '../table/duckdb.ts'
import { relation } from '../table/relation.ts'
import type { Model } from './trained-model.ts'

/** A model and the table on whose rows it predicts. */
interface Tried {
  readonly model: Model
  readonly rows: Artifact
}

/**
 * Compares two models: their inputs, their outputs, and their predictions for the same rows. Each model reads its own
 * table, so models with different input columns can be compared. Both tables must hold the same rows in the same order.
 *
 * @throws CairnError BAD_PARAMETER when a table lacks the columns of the model, or the numbers of predictions differ
 */
export async function compareModels(
  before: Model,
  after: Model,
  { tried, rows }: CompareOptions,
): Promise<readonly Compared[]> {
  const [was, is] = [await before.describe(), await after.describe()]
  const described: Compared = {
    title: 'model',
    columns: ['', 'is'].map((name) => ({ name, type: 'string' })),
    rows: (['inputs', 'outputs'] as const).flatMap((side) =>
      [...new Set([...Object.keys(is[side]), ...Object.keys(was[side])])].map((name): Json[] => [
        `${side.slice(0, -1)} ${name}`,
        pair<Json>(was[side][name] ?? null, is[side][name] ?? null),
      ]),
    ),
  }
  if (!tried) return [described]
  const [then, now] = [
    await predictions({ model: before, rows: tried.before }),
    await predictions({ model: after, rows: tried.after }),
  ]
  const both = Object.keys(now).filter((name) => name in then)
  return [described, ...both.flatMap((name) => comparePredictions(name, then[name]!, now[name]!, rows))]
}

async function predictions({ model, rows }: Tried): Promise<Record<string, Float64Array>> {
  const { inputs, outputs } = await model.describe()
  const columns = await numericColumns(rows)
  const feeds: Record<string, unknown> = {}
  const data = relation({
    relation: 'serial',
    text: async (into) => `(select * from ${parquetFile(await rows.path(), into)})`,
  })
  for (const [name, spec] of Object.entries(inputs)) {
    const wanted = columnsFor(name, spec, columns)
    const arrays = (await data.columnsOf(wanted)) as Record<string, ArrayLike<number>>
    feeds[name] = isMatrix(spec) ? wanted.map((column) => arrays[column]!) : arrays[name]!
  }
  const numeric = Object.keys(outputs).filter((name) => /^(float|u?int)\d/.test(outputs[name]!))
  const given = (await model.predict(feeds, { outputs: numeric })) as Record<string, ArrayLike<number | bigint>>
  return Object.fromEntries(numeric.map((name) => [name, Float64Array.from(given[name]!, Number)]))
}

async function numericColumns(rows: Artifact): Promise<string[]> {
  using lent = await lendConnection('serial')
  const found = await asker(lent.connection)(`describe select * from ${parquetFile(await rows.path())}`)
  return found
    .filter(({ column_type: type }) => NUMERIC.test(type as string))
    .map(({ column_name: name }) => name as string)
}

function isMatrix(spec: string): boolean {
  return widthOf(spec) !== undefined
}

/** The width of a matrix: 8 for `float32[*,8]`; undefined for other shapes. */
function widthOf(spec: string): number | undefined {
  const width = /\[[^,]*,(\d+)\]$/.exec(spec)?.[1]
  return width === undefined ? undefined : Number(width)
}

/** A matrix takes all numeric columns, in the order of the table. Any other input takes the column of its name. */
function columnsFor(input: string, spec: string, columns: readonly string[]): readonly string[] {
  const width = widthOf(spec)
  if (width === columns.length) return columns
  if (width === undefined && columns.includes(input)) return [input]
  throw new CairnError(
    'BAD_PARAMETER',
    `input ${input} of the model is ${spec}, but the table has the columns ${columns.join(', ')}`,
    {
      next: 'choose a table whose numeric columns match the input of the model',
    },
  )
}

function comparePredictions(name: string, was: Float64Array, is: Float64Array, examples: number): Compared[] {
  if (was.length !== is.length)
    throw new CairnError(
      'BAD_PARAMETER',
      `the models gave different numbers of values of ${name}: ${was.length} and ${is.length}`,
      {
        next: 'choose a table that has the same rows in both runs',
      },
    )
  const apart = is.map((value, at) => Math.abs(value - was[at]!))
  const order = Float64Array.from(apart).sort()
  const at = (share: number) => order[Math.min(order.length - 1, Math.floor(share * order.length))] ?? 0
  const number = (title: string) => ({ name: title, type: 'float64' })
  const places = [...apart.keys()].sort((a, b) => apart[b]! - apart[a]! || a - b).slice(0, examples)
  const furthest = places.filter((place) => apart[place]! > 0)
  const compared: Compared[] = [
    {
      title: `${name} of the same rows`,
      columns: ['rows', 'mean', 'changed', 'difference: mean', 'median', '95 %', 'most', 'correlation'].map(number),
      rows: [
        [
          is.length,
          pair(mean(was), mean(is)),
          apart.reduce((sum, value) => sum + (value > 0 ? 1 : 0), 0),
          ...[mean(apart), at(0.5), at(0.95), at(1), correlation(was, is)],
        ],
      ],
    },
  ]
  if (furthest.length === 0) return compared
  const rows = furthest.map((place) => [place, was[place]!, is[place]!])
  return [
    ...compared,
    { title: `${name}: the rows with the largest differences`, columns: ['row', 'before', 'after'].map(number), rows },
  ]
}

function mean(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(values.length, 1)
}

/** The Pearson correlation. If one of the two is constant: 1 when both are, else 0. */
function correlation(one: Float64Array, other: Float64Array): number {
  const [a, b] = [mean(one), mean(other)]
  let [covariance, ofOne, ofOther] = [0, 0, 0]
  for (let at = 0; at < one.length; at++) {
    const [x, y] = [one[at]! - a, other[at]! - b]
    covariance += x * y
    ofOne += x * x
    ofOther += y * y
  }
  return ofOne === 0 || ofOther === 0 ? Number(ofOne === ofOther) : covariance / Math.sqrt(ofOne * ofOther)
}
