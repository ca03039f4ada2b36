import { CairnError, suggest } from '@cairn/kernel'
import { number } from '@cairn/workspace'
import type { Table, TableKind } from '@cairn/kinds'
import { paint } from '../terminal/style.ts'
import { table } from '../terminal/table.ts'
import { findShown } from './artifact.ts'
import type { ReplSession } from './session.ts'

/** A histogram of a table's column, with its run. */
export async function plotOf(session: ReplSession, place: string, column: string): Promise<string> {
  const { kind, artifact, ...shown } = await findShown(session, place)
  const columns = columnsOf(kind)
  if (!columns)
    throw new CairnError('BAD_PARAMETER', `${shown.place} is ${kind.name}, which has no columns`, {
      next: `.show ${shown.place}`,
    })
  const numeric = numericColumns(columns)
  if (!numeric.includes(column))
    throw new CairnError(
      'BAD_PARAMETER',
      column in columns
        ? `${column} of ${shown.place} is ${columns[column]}, not a number`
        : `${shown.place} has no column "${column}"`,
      { next: suggest(column, numeric) },
    )
  const values = (await ((await kind.decode(artifact)) as Table).columnsOf([column]))[column]!
  const title = paint('dim', `${column} of ${shown.place} of ${shown.run}`)
  return `${title}\n${histogram(Array.from(values, Number))}`
}

/** The columns of a table's kind with their types; undefined for other kinds. */
export function columnsOf(kind: { readonly name: string }): Readonly<Record<string, string>> | undefined {
  return kind.name === 'table' ? (kind as TableKind<Record<string, never>>).columns : undefined
}

export function numericColumns(columns: Readonly<Record<string, string>>): string[] {
  return Object.keys(columns).filter((name) => /^(u?int|float|bigint)/.test(columns[name]!))
}

/** Approximate number of bars: their edges are round numbers. */
const BARS = 12

/** A histogram as bars under a summary line. Other values than numbers are counted. */
export function histogram(all: readonly number[], columns = process.stdout.columns ?? 80): string {
  const values = Float64Array.from(all.filter(Number.isFinite)).sort()
  const others = all.length - values.length
  const count = `${number(values.length)} numbers${others > 0 ? `, ${number(others)} others` : ''}`
  if (values.length === 0) return count
  const [least, most] = [values[0]!, values.at(-1)!]
  const mean = values.reduce((sum, value) => sum + value / values.length, 0)
  const median = values[Math.floor((values.length - 1) / 2)]!
  const facts = `${count}: from ${number(least)} to ${number(most)}, mean ${number(mean)}, median ${number(median)}`

  const whole = values.every(Number.isInteger)
  const step = Math.max(roundStep((most - least) / BARS), whole ? 1 : 0) || 1
  const placeOf = (value: number) => Math.floor(value / step + 1e-9) // 0.7 / 0.1 is less than 7
  const first = placeOf(least)
  const isOnEdge = Math.abs(most / step - Math.round(most / step)) < 1e-9
  const last = isOnEdge && !whole && placeOf(most) > first ? placeOf(most) - 1 : placeOf(most) // 1 is in "0.9 to 1"
  const counts = Array.from({ length: last - first + 1 }, () => 0)
  for (const value of values) counts[Math.min(placeOf(value), last) - first]! += 1
  const labels = counts.map((_, at) => {
    const [from, to] = [edge((first + at) * step), edge((first + at + 1) * step)]
    return whole && step === 1 ? from : `${from} to ${to}`
  })
  const widest = Math.max(...labels.map(({ length }) => length)) + number(values.length).length
  const room = Math.max(10, Math.min(60, columns - widest - 6))
  const highest = Math.max(...counts)
  const rows = counts.map((each, at) => [labels[at]!, number(each), bar(each / highest, room)])
  return `${facts}\n${table(
    (['right', 'right', 'left'] as const).map((align) => ({ title: '', align })),
    rows,
  )}`
}

/** The next larger of 1, 2, 5, 10, 20, … */
function roundStep(size: number): number {
  if (size <= 0) return 0
  const power = 10 ** Math.floor(Math.log10(size))
  return [1, 2, 5, 10].find((step) => step * power >= size * (1 - 1e-9))! * power
}

function edge(value: number): string {
  return number(Number(value.toPrecision(12)))
}

const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'] as const

/** A bar for a share of the width; any positive share is visible. */
function bar(share: number, room: number): string {
  const eighths = share > 0 ? Math.max(1, Math.round(share * room * 8)) : 0
  return '█'.repeat(Math.floor(eighths / 8)) + EIGHTHS[eighths % 8]!
}
