import { styleText } from 'node:util'

type Format = Parameters<typeof styleText>[0]

/** Colours a text if its stream supports colours: not in a pipe, not with NO_COLOR. */
export function paint(format: Format, text: string, stream: NodeJS.WriteStream = process.stdout): string {
  return styleText(format, text, { stream, validateStream: true })
}

/** Colours and signs of states, which the word also shows. */
export const STATES = {
  waiting: { sign: '·', format: 'dim' },
  running: { sign: '●', format: 'cyan' },
  computed: { sign: '✔', format: 'green' },
  reused: { sign: '↺', format: 'blue' },
  joined: { sign: '✔', format: 'green' },
  given: { sign: '→', format: 'blue' },
  caught: { sign: '⚑', format: 'yellow' },
  skipped: { sign: '○', format: 'dim' },
  blocked: { sign: '■', format: 'dim' },
  failed: { sign: '✘', format: 'red' },
  'timed-out': { sign: '✘', format: 'red' },
  cancelled: { sign: '■', format: 'yellow' },
} as const satisfies Record<string, { sign: string; format: Format }>
export type State = keyof typeof STATES

export function paintState(state: State, text: string, stream?: NodeJS.WriteStream): string {
  return paint(STATES[state].format, text, stream)
}
