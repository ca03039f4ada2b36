import { SHORTEST_SECRET } from './parts.ts'

/** A line of a secret that is too short to be masked alone, and the lines next to it. */
interface ShortLine {
  readonly word: RegExp
  readonly before: string | undefined
  readonly after: string | undefined
}

const LINE_END = /(\r?\n|(?:\\{1,15}r)?\\{1,15}n|%0D%0A|%0A)/i
const MASK = '***'

/** Short lines of multi-line secrets, masked only next to an adjacent line of the same secret. */
export class ShortLines {
  readonly #all: readonly ShortLine[]

  constructor(values: readonly string[]) {
    this.#all = values.flatMap(shortLines)
  }

  get any(): boolean {
    return this.#all.length > 0
  }

  /** Whether masking this line requires its neighbours. */
  mayBeIn(line: string): boolean {
    return this.#all.some(({ word }) => line.search(word) >= 0)
  }

  masked(text: string): string {
    if (!this.any) return text
    const pieces = text.split(LINE_END)
    const lines = pieces.filter((piece, at) => at % 2 === 0 && piece.trim() !== '')
    if (lines.length < 2) return text
    let line = -1
    return pieces
      .map((piece, at) => {
        if (at % 2 === 1 || piece.trim() === '') return piece
        line++
        return this.#maskedLine(piece, lines[line - 1], lines[line + 1])
      })
      .join('')
  }

  #maskedLine(line: string, before = '', after = ''): string {
    let masked = line
    for (const short of this.#all) {
      const isAdjacent =
        (short.before !== undefined && before.includes(short.before)) ||
        (short.after !== undefined && after.includes(short.after))
      if (isAdjacent) masked = masked.replace(short.word, MASK)
    }
    return masked
  }
}

/** Lines without letters or digits are ignored. */
function shortLines(secret: string): ShortLine[] {
  const lines = secret
    .split(/\r?\n|\\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '')
  return lines.flatMap((line, at) =>
    lines.length > 1 && line.length < SHORTEST_SECRET && /[\p{L}\p{N}]/u.test(line)
      ? [{ word: wordOf(line), before: lines[at - 1], after: lines[at + 1] }]
      : [],
  )
}

function wordOf(line: string): RegExp {
  const literal = line.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
  return new RegExp(`(?<![\\p{L}\\p{N}])${literal}(?![\\p{L}\\p{N}])`, 'gu')
}
