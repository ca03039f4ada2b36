import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

/** Maximum number of stored lines. */
export const HISTORY_LINES = 1000

export interface LineHistory {
  /** Newest first, as readline expects. */
  readonly lines: string[]
  add(line: string): void
}

/** Lines of earlier sessions, from a file with the oldest first. A file that cannot be read or written is ignored. */
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
        appendFileSync(file, text([line]), { mode: 0o600 }) // appending keeps the lines of concurrent sessions
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
    // A full or read-only disk: the history is not essential.
  }
}
