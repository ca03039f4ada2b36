import { expect, it } from 'vitest'
import { Screen } from './screen.ts'
import { svgOf } from './svg.ts'

function shown(output: string): string[] {
  const screen = new Screen()
  screen.write(output)
  return screen.rows.map((row) => Array.from(row, (cell) => cell?.text ?? ' ').join(''))
}

it.each([
  ['one\r\ntwo', ['one', 'two']],
  ['first\r\nsecond\r\n\x1b[1A\x1b[2K\x1b[1A\x1b[2K\x1b[Gthird', ['third', '', '']],
  ['a\r\nb\r\nc\x1b[2Aab\x1b[1B\x1b[1Gx', ['aab', 'x', 'c']],
  ['> \x1b[1G\x1b[0J> .run\r\n', ['> .run', '']],
])('shows what a terminal would: %j', (output, rows) => {
  expect(shown(output)).toEqual(rows)
})

it('draws rows with their styles', () => {
  const screen = new Screen()
  screen.write('a \x1b[1mb\x1b[22m \x1b[32m<c>\x1b[39m')
  expect(svgOf(screen.rows, 40)).toContain(
    '<tspan>a </tspan><tspan font-weight="bold">b</tspan><tspan> </tspan><tspan fill="#8fd18a">&lt;c&gt;</tspan></text>',
  )
})
