import { createInterface, type Interface } from 'node:readline/promises'
import type { Completed } from './complete.ts'
import { HISTORY_LINES, type LineHistory } from './history.ts'

export interface Typing {
  readonly prompt: () => string
  readonly complete: (line: string) => Promise<Completed>
  readonly history: LineHistory
}

/** Lines of a pipe or file. */
export async function* pipedLines(): AsyncGenerator<string> {
  const input = createInterface({ input: process.stdin, terminal: false })
  try {
    yield* input
  } finally {
    input.close()
  }
}

/**
 * Lines that a person types at a terminal, until Ctrl-D. While a line runs, the terminal is in its normal mode: Ctrl-C
 * is a signal for the listeners, and never ends this process.
 */
export async function* typedLines({ prompt, complete, history }: Typing): AsyncGenerator<string> {
  const { stdin, stdout } = process
  const input = createInterface({
    input: stdin,
    output: stdout,
    terminal: true,
    completer: complete,
    history: history.lines,
    historySize: HISTORY_LINES,
    removeHistoryDuplicates: true,
  })
  let isClosed = false
  input.once('close', () => (isClosed = true))
  input.on('SIGINT', () => clearLine(input))
  process.on('SIGINT', ignoreSignal)
  const ask = () => {
    input.setPrompt(prompt())
    input.prompt()
  }
  try {
    ask()
    for await (const line of input) {
      history.add(line)
      input.pause()
      stdin.setRawMode(false)
      yield line
      if (isClosed) continue // lines that were pasted before the close
      stdin.setRawMode(true)
      ask()
    }
    stdout.write('\n')
  } finally {
    process.off('SIGINT', ignoreSignal)
    input.close()
  }
}

function ignoreSignal(): void {}

/** Ctrl-C at the prompt clears the line. */
function clearLine(input: Interface): void {
  if (input.line === '') process.stdout.write('\n(leave with .exit or Ctrl-D)\n')
  input.write(null, { ctrl: true, name: 'e' })
  input.write(null, { ctrl: true, name: 'u' })
  input.prompt()
}
