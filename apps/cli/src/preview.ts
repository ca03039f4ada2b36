import { jsonText, type Compared, type Json, type Preview } from '@cairn/kernel'
import { number, plain, plainLines } from '@cairn/embedded'
import { paint } from './terminal/style.ts'
import { table } from './terminal/table.ts'

/** What a comparison found, as a table for each part of it. */
export function comparedText(parts: readonly Compared[]): string {
  const text = ({ title, columns, rows }: Compared) => {
    const shown = rows.map((row) =>
      row.map((value) => (Array.isArray(value) ? value.map(cell).join(' -> ') : value === null ? '' : cell(value))),
    )
    return `${paint('bold', title)}\n${columnsText(columns, shown, 'dim')}`
  }
  return parts.map(text).join('\n\n')
}

/** An artifact's preview as text. */
export function previewText(preview: Preview): string {
  if (preview.type === 'text') return plainLines(preview.text)
  if (preview.type === 'json') return plainLines(jsonText(preview.value, 2))
  if (preview.type === 'summary') return fields(preview.fields)
  const { columns, rows, total } = preview
  const types = columns.map(({ type }) => paint('dim', type))
  const shown = columnsText(columns, [types, ...rows.map((row) => row.map(cell))], 'bold')
  const more =
    total > rows.length ? `\n${paint('dim', `${rows.length} of ${number(total)} rows; -n <count> shows more`)}` : ''
  return shown + more
}

function columnsText(
  columns: readonly { readonly name: string; readonly type: string }[],
  rows: readonly (readonly string[])[],
  style: 'bold' | 'dim',
): string {
  const numeric = (type: string) => /^(u?int|float|double|decimal|bigint)/i.test(type)
  const titles = columns.map(({ name, type }) => ({
    title: plain(name),
    align: numeric(type) ? ('right' as const) : ('left' as const),
  }))
  return table(titles, rows, (title) => paint(style, title))
}

function fields(values: Readonly<Record<string, Json>>): string {
  return table(
    [{ title: '' }, { title: '' }],
    Object.entries(values).map(([name, value]) => [paint('dim', plain(name)), cell(value)]),
  )
}

function cell(value: Json): string {
  if (value === null) return paint('dim', 'null')
  // A value of a table may be a year or an id: its digits are not grouped.
  return plain(typeof value === 'string' ? value : jsonText(value))
}
