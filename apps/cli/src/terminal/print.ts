import { plain } from '@cairn/workspace'
import { paint } from './style.ts'

/** Before anything can stand in its way. */
const write = process.stdout.write.bind(process.stdout)

/** How a shell names the end of a program by SIGPIPE, a signal that Node ignores. */
const BY_SIGPIPE = 128 + 13

/** Prints for programs: a JSON document, a script. Ends this process when nobody reads that any more, as in `| head`. */
export function printData(text: string | Uint8Array): void {
  if (!isWatched) process.stdout.on('error', endIfClosed)
  isWatched = true
  write(typeof text === 'string' ? `${text}\n` : text)
}
let isWatched = false

function endIfClosed(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error
  process.exit(BY_SIGPIPE)
}

/** From now on standard output is for data alone: what modules of the project print while they load is no part of it. */
export function keepOutputForData(): void {
  process.stdout.write = process.stderr.write.bind(process.stderr)
}

/** Prints lines for people: whatever steers a terminal, other than our own colours, is shown as an escape sequence. */
export function printLines(text: string): void {
  console.log(safeLines(text, process.stdout))
}

/** The same on standard error: what is no result. */
export function printNotes(text: string): void {
  console.error(safeLines(text, process.stderr))
}

function safeLines(text: string, stream: NodeJS.WriteStream): string {
  return text
    .split('\n')
    .map((line) =>
      line
        .split('\t')
        .map((part) => safeLine(part, isColoured(stream)))
        .join('\t'),
    )
    .join('\n')
}

/** A text that takes one line, whatever is in it: a cell of a table, a line that a step printed. */
export function safeLine(text: string, keepsColours = isColoured(process.stdout)): string {
  return text
    .split(COLOUR)
    .map((part, at) => (at % 2 === 1 && keepsColours ? part : plain(part)))
    .join('')
}

const COLOUR = /(\u001b\[[\d;]{0,16}m)/

function isColoured(stream: NodeJS.WriteStream): boolean {
  let coloured = known.get(stream)
  if (coloured === undefined) known.set(stream, (coloured = paint('red', 'x', stream) !== 'x'))
  return coloured
}
const known = new Map<NodeJS.WriteStream, boolean>()
