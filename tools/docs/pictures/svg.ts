import type { Cell } from './screen.ts'

const [MARGIN, FIRST_LINE, LINE, CHARACTER] = [16, 29, 18, 7.83]
const COLORS: Readonly<Record<string, string>> = {
  31: '#f08a84',
  32: '#8fd18a',
  33: '#e5c07b',
  34: '#7fb4f5',
  36: '#6fd3d3',
}

/** Draws rows of a terminal as an SVG image. */
export function svgOf(rows: readonly (readonly Cell[])[], columns: number): string {
  const [width, height] = [Math.round(2 * MARGIN + columns * CHARACTER), FIRST_LINE + LINE * rows.length]
  const lines = rows.flatMap((row, index) => {
    const spans = spansOf(row)
    const y = FIRST_LINE + LINE * index
    return spans.length > 0 ? [`<text x="${MARGIN}" y="${y}" xml:space="preserve">${spans.join('')}</text>`] : []
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">
<rect width="100%" height="100%" rx="8" fill="#1b1f27"/>
<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="13" fill="#d5dae3">
${lines.join('\n')}
</g>
</svg>
`
}

function spansOf(row: readonly Cell[]): string[] {
  const spans: { style: string; text: string }[] = []
  for (const { text = ' ', style = '' } of Array.from(
    row,
    (cell: Cell | undefined) => cell ?? { text: ' ', style: '' },
  )) {
    const last = spans.at(-1)
    if (last?.style === style) last.text += text
    else spans.push({ style, text })
  }
  const last = spans.at(-1)
  if (last) last.text = last.text.trimEnd()
  return spans
    .filter(({ text }) => text !== '')
    .map(({ style, text }) => `<tspan${attributesOf(style.split(' '))}>${escaped(text)}</tspan>`)
}

function attributesOf(codes: readonly string[]): string {
  const color = codes.map((code) => COLORS[code]).find((known) => known !== undefined)
  return [
    codes.includes('1') ? ' font-weight="bold"' : '',
    codes.includes('2') ? ' opacity="0.6"' : '',
    color === undefined ? '' : ` fill="${color}"`,
  ].join('')
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
