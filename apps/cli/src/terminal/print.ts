import { escaped } from '@cairn/workspace'
import { paint } from './style.ts'

/** Captured before any module can replace it. */
const write = process.stdout.write.bind(process.stdout)

/** The exit code by which a shell reports SIGPIPE, a signal that Node ignores. */
const BY_SIGPIPE = 128 + 13

/** Prints data for programs: a JSON document or a script. Ends this process when its reader has closed, as in `| head`. */
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

/** From now on standard output is only for data, not for what modules of the project print while they load. */
export function keepOutputForData(): void {
  process.stdout.write = process.stderr.write.bind(process.stderr)
}

/** Prints lines for people. Terminal control characters other than our own colours are escaped. */
export function printLines(text: string): void {
  console.log(safeLines(text, process.stdout))
}

/** The same on standard error, for messages that are not the result. */
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

/** A text on one line, with line breaks and control characters escaped: a table cell, a line of a step. */
export function safeLine(text: string, keepsColours = isColoured(process.stdout)): string {
  return text
    .split(COLOUR)
    .map((part, at) => (at % 2 === 1 && keepsColours ? part : escaped(part)))
    .join('')
}

const COLOUR = /(\u001b\[[\d;]{0,16}m)/

function isColoured(stream: NodeJS.WriteStream): boolean {
  let coloured = known.get(stream)
  if (coloured === undefined) known.set(stream, (coloured = paint('red', 'x', stream) !== 'x'))
  return coloured
}
const known = new Map<NodeJS.WriteStream, boolean>()
