import { CairnError } from '@cairn/kernel'

/** Splits a line into words like a shell: at blanks, except in quotes and after backslashes. */
export function wordsOf(line: string): string[] {
  const words: string[] = []
  let word: string | undefined
  let quote: string | undefined
  for (let at = 0; at < line.length; at++) {
    const sign = line[at]!
    if (quote === undefined && /\s/.test(sign)) {
      if (word !== undefined) words.push(word)
      word = undefined
    } else if (sign === quote) quote = undefined
    else if (quote === undefined && (sign === '"' || sign === "'")) [quote, word] = [sign, word ?? '']
    else if (sign === '\\' && quote !== "'") word = (word ?? '') + (line[++at] ?? '')
    else word = (word ?? '') + sign
  }
  if (quote !== undefined)
    throw new CairnError('BAD_PARAMETER', `the line has an unclosed ${quote}`, {
      next: `write \\${quote} for a literal ${quote}`,
    })
  return word === undefined ? words : [...words, word]
}
