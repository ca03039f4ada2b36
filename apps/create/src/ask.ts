import { createInterface } from 'node:readline/promises'

/** Asks a question at a terminal. Without a terminal, or on an empty answer, returns the default. */
export async function askFor(question: string, byDefault: string): Promise<string> {
  if (!process.stdin.isTTY || !process.stdout.isTTY) return byDefault
  const terminal = createInterface({ input: process.stdin, output: process.stdout })
  try {
    return (await terminal.question(`${question} (${byDefault}): `)).trim() || byDefault
  } finally {
    terminal.close()
  }
}
