import { spawnSync } from 'node:child_process'

/** Far below what any stack holds. */
const HARMLESS = 1_000

/** Whether code may be nested so deeply that the parser, which is native, ends the process that it runs in. */
export function mayFillTheStack(text: string): boolean {
  let depth = 0
  let deepest = 0
  for (const [bracket] of text.matchAll(/[[({<]|[\])}>]/g))
    deepest = Math.max(deepest, (depth = Math.max(0, depth + ('[({<'.includes(bracket) ? 1 : -1))))
  if (deepest > HARMLESS) return true
  // What nests without brackets does so with one of these for each level.
  let chained = 0
  for (const _ of text.matchAll(
    /[?!~=:+\-*`<]|\b(?:if|else|while|for|do|new|await|typeof|void|delete|yield|keyof|extends)\b/g,
  ))
    if (++chained > 3 * HARMLESS) return true
  return false
}

/** Parses in a process of its own. */
export function isParsed(file: string, text: string): boolean {
  const code = `import { readFileSync } from 'node:fs'
import { parseSync } from ${JSON.stringify(import.meta.resolve('oxc-parser'))}
void parseSync(${JSON.stringify(file)}, readFileSync(0, 'utf8'), { sourceType: 'module', preserveParens: false }).program
process.exit(0)`
  // An error, of memory say, is one of the file, too; only a parser that is missing is not.
  return spawnSync(process.execPath, ['--input-type=module', '--eval', code], { input: text }).status === 0
}
