import { asText, type ErrorRecord, type Thrown } from '@cairn/records'
import { escaped, escapedLines } from '@cairn/workspace'
import { withGivenOptions } from './given-options.ts'
import { paint } from './terminal/style.ts'

export interface ErrorTextOptions {
  /** Number of stack frames to show for each error. */
  readonly frames: number
}

/** A thrown value with its causes as lines for people; the first line is the message. */
export function errorText(error: ErrorRecord, options: ErrorTextOptions): string[] {
  const { next } = error
  return [
    ...indented(headOf(error), '  '),
    ...(next ? [`  ${paint('dim', 'next')}  ${escaped(withGivenOptions(next))}`] : []),
    ...detailLines(error, options, '  '),
  ]
}

/** Stack frames, inner errors and cause. */
function detailLines(thrown: Thrown, options: ErrorTextOptions, margin: string): string[] {
  const { stack = '', errors = [], cause, leftOut } = thrown
  const frames = stack.split('\n').filter((line) => /^\s+at /.test(line) && !line.includes('(node:'))
  const inner = `${margin}  `
  const fewer = { frames: Math.ceil(options.frames / 2) }
  return [
    ...frames.slice(0, options.frames).map((frame) => paint('dim', `${margin}  ${escaped(frame.trim())}`)),
    ...errors.flatMap((error, at) => causeLines(error, `${at + 1} of ${errors.length + (leftOut?.count ?? 0)}`, inner)),
    ...(leftOut ? [`${margin}${paint('dim', `… and ${leftOut.count} more`)}`] : []),
    ...(cause ? causeLines(cause, 'caused by', margin) : []),
  ]

  function causeLines(error: Thrown, how: string, at: string): string[] {
    const [first = '', ...rest] = indented(headOf(error), `${at}  `)
    return [`${at}${paint('dim', how)}  ${first}`, ...rest, ...detailLines(error, fewer, at)]
  }
}

/** `TypeError: fetch failed { code: 'E' }`: the name if it adds information, the message, and own properties. */
function headOf({ name, message, stack, fields = {} }: Thrown): string {
  const isInformative = !OMITTED_NAMES.has(name) && /^[A-Z]/.test(name) && message !== ''
  const isValue = stack === undefined && message.startsWith('{')
  const own = Object.keys(fields).length > 0 && !isValue ? asText(fields) : ''
  const text = message === '' ? `${name} without a message` : isInformative ? `${name}: ${message}` : message
  return own === '' ? text : `${text}  ${own}`
}

/** Names that add nothing to the message, and names of values that are not errors. */
const OMITTED_NAMES: ReadonlySet<string> = new Set(['Error', 'CairnError', 'Object', 'Array'])

function indented(text: string, margin: string): string[] {
  return escapedLines(text)
    .split('\n')
    .map((line, at) => (at === 0 ? line : margin + line))
}
