import { spawnSync } from 'node:child_process'

/** A nesting depth that is far below the limit of any stack. */
const HARMLESS = 1_000

/** Whether the code may be nested so deeply that the parser, which is native, crashes the process. */
export function mayFillTheStack(text: string): boolean {
  let depth = 0
  let deepest = 0
  for (const [bracket] of text.matchAll(/[[({<]|[\])}>]/g))
    deepest = Math.max(deepest, (depth = Math.max(0, depth + ('[({<'.includes(bracket) ? 1 : -1))))
  if (deepest > HARMLESS) return true
  // Nesting without brackets takes one of these tokens for each level.
  let chained = 0
  for (const _ of text.matchAll(
    /[?!~=:+\-*`<]|\b(?:if|else|while|for|do|new|await|typeof|void|delete|yield|keyof|extends)\b/g,
  ))
    if (++chained > 3 * HARMLESS) return true
  return false
}

/** Whether the text can be parsed; parses it in a separate process. */
export function isParsed(file: string, text: string): boolean {
  const code = `import { readFileSync } from 'node:fs'
import { parseSync } from ${JSON.stringify(import.meta.resolve('oxc-parser'))}
void parseSync(${JSON.stringify(file)}, readFileSync(0, 'utf8'), { sourceType: 'module', preserveParens: false }).program
process.exit(0)`
  // Any failure counts against the file, including running out of memory.
  return spawnSync(process.execPath, ['--input-type=module', '--eval', code], { input: text }).status === 0
}
