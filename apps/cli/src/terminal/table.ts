import stringWidth from 'string-width'
import { safeLine } from './print.ts'

export interface TableColumn {
  readonly title: string
  readonly align?: 'left' | 'right'
}

/**
 * Rows under aligned titles. Cells may be coloured; line breaks and other control characters are escaped. Rows wider than
 * the terminal are cut, never wrapped.
 */
export function table(
  given: readonly TableColumn[],
  cells: readonly (readonly string[])[],
  style: (title: string) => string = (title) => title,
): string {
  const columns = given.map(({ title, ...column }) => ({ ...column, title: safeLine(title) }))
  const rows = cells.map((row) => row.map((cell) => safeLine(cell)))
  const widths = columns.map(({ title }, at) => Math.max(width(title), ...rows.map((row) => width(row[at] ?? ''))))
  const line = (cells: readonly string[]) =>
    cut(
      cells.map((cell, at) => pad(cell, widths[at]!, columns[at]!.align ?? 'left', at === cells.length - 1)).join('  '),
    )
  const titles = columns.some(({ title }) => title !== '') ? [style(line(columns.map(({ title }) => title)))] : []
  return [...titles, ...rows.map(line)].join('\n')
}

/** Columns of a terminal: two for a wide character or an emoji, none for a colour code or a combining mark. */
function width(text: string): number {
  return stringWidth(text)
}

function pad(text: string, to: number, align: 'left' | 'right', last: boolean): string {
  const space = ' '.repeat(Math.max(0, to - width(text)))
  if (align === 'right') return space + text
  return last ? text : text + space
}

/** Cuts a line to the terminal's width; a pipe gets the full line. */
export function cut(line: string, columns = process.stdout.isTTY ? process.stdout.columns : Infinity): string {
  if (width(line) <= columns) return line
  let shown = ''
  let seen = 0
  // Colour codes have no width, and those after the cut still have to reset the colour.
  for (const [part, code] of line.matchAll(/(\u001b\[[0-9;]*m)|[^\u001b]+/gu)) {
    if (code) {
      shown += code
      continue
    }
    for (const { segment } of graphemes.segment(part)) if ((seen += width(segment)) < columns) shown += segment
  }
  return `${shown}…`
}

const graphemes = new Intl.Segmenter()
