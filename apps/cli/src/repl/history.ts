import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

/** So many lines are kept. */
export const HISTORY_LINES = 1000

export interface LineHistory {
  /** The newest first, as readline wants them. */
  readonly lines: string[]
  add(line: string): void
}

/** Lines of earlier sessions, from a file with the oldest first. One that cannot be read or written is none. */
export function openHistory(file: string): LineHistory {
  const lines = readLines(file)
  const kept = lines.slice(-HISTORY_LINES)
  if (kept.length < lines.length) quietly(() => writeFileSync(file, text(kept), { mode: 0o600 }))
  let newest = kept.at(-1)
  return {
    lines: kept.toReversed(),
    add(line) {
      if (line.trim() === '' || line === newest) return
      newest = line
      quietly(() => {
        mkdirSync(dirname(file), { recursive: true })
        appendFileSync(file, text([line]), { mode: 0o600 }) // so that two sessions at once lose nothing
      })
    },
  }
}

function readLines(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n').filter(Boolean)
  } catch {
    return []
  }
}

function text(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('')
}

function quietly(write: () => void): void {
  try {
    write()
  } catch {
    // A full or read-only disk: nobody's work rests on the history.
  }
}
