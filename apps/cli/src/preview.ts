import { jsonText, type Compared, type Json, type Preview } from '@cairn/kernel'
import { number, numbers, escaped, escapedLines, plainNumber } from '@cairn/workspace'
import { paint } from './terminal/style.ts'
import { table } from './terminal/table.ts'

/** A comparison as text, one table per part. */
export function comparedText(parts: readonly Compared[]): string {
  const text = ({ title, columns, rows }: Compared) => {
    const shown = rows.map((row) =>
      row.map((value) => (Array.isArray(value) ? pairText(value) : value === null ? '' : comparedCell(value))),
    )
    return `${paint('bold', title)}\n${columnsText(columns, shown, 'dim')}`
  }
  return parts.map(text).join('\n\n')
}

function pairText(pair: readonly Json[]): string {
  const values = pair.filter((value) => typeof value === 'number')
  const texts = values.length === pair.length ? numbers(values, plainNumber) : pair.map(comparedCell)
  return texts.join(' -> ')
}

function comparedCell(value: Json): string {
  return typeof value === 'number' ? plainNumber(value) : cell(value)
}

/** An artifact's preview as text. */
export function previewText(preview: Preview): string {
  if (preview.type === 'text') return escapedLines(preview.text)
  if (preview.type === 'json') return escapedLines(jsonText(preview.value, 2))
  if (preview.type === 'summary') return fields(preview.fields)
  const { columns, rows, total } = preview
  const types = columns.map(({ type }) => paint('dim', type))
  const short = rows.map((row) => row.map((value, at) => (isFloat(columns[at]!.type) ? shortFloat(value) : value)))
  const notes = [
    ...(total > rows.length ? [`${rows.length} of ${number(total)} rows; -n <count> shows more`] : []),
    ...(short.some((row, at) => row.some((value, of) => value !== rows[at]![of]))
      ? [`floats are rounded to ${FLOAT_DIGITS} digits; --json shows them exactly`]
      : []),
  ]
  const shown = columnsText(columns, [types, ...short.map((row) => row.map(cell))], 'bold')
  return [shown, ...notes.map((note) => paint('dim', note))].join('\n')
}

function isFloat(type: string): boolean {
  return /^(float|double)/i.test(type)
}

/** Digits of floats in tables, for readability. A single value is shown with all its digits. */
const FLOAT_DIGITS = 6

/** Rounds the fraction only; the integer part is kept in full. */
function shortFloat(value: Json): Json {
  if (typeof value !== 'number' || Number.isInteger(value)) return value
  const whole = Math.trunc(Math.abs(value)).toString().length
  return Number(value.toPrecision(Math.min(100, Math.max(FLOAT_DIGITS, whole))))
}

function columnsText(
  columns: readonly { readonly name: string; readonly type: string }[],
  rows: readonly (readonly string[])[],
  style: 'bold' | 'dim',
): string {
  const numeric = (type: string) => /^(u?int|float|double|decimal|bigint)/i.test(type)
  const titles = columns.map(({ name, type }) => ({
    title: escaped(name),
    align: numeric(type) ? ('right' as const) : ('left' as const),
  }))
  return table(titles, rows, (title) => paint(style, title))
}

function fields(values: Readonly<Record<string, Json>>): string {
  return table(
    [{ title: '' }, { title: '' }],
    Object.entries(values).map(([name, value]) => [paint('dim', escaped(name)), cell(value)]),
  )
}

function cell(value: Json): string {
  if (value === null) return paint('dim', 'null')
  // A table value may be a year or an id, so its digits are not grouped.
  return escaped(typeof value === 'string' ? value : jsonText(value))
}
