import type { Answer, Command } from './story.ts'

/** What is wrong with an answer; undefined when it is as it must be. */
export function judge({ words, gives, refusedAt }: Command, { code, stdout, stderr }: Answer): string | undefined {
  const all = stdout + stderr
  const isForShells = words.some((word) => ['complete', 'completion'].includes(word))
  if (/"code": ?"UNEXPECTED"/.test(stdout) || /UNEXPECTED end/.test(stderr)) return 'ends in UNEXPECTED'
  if (/^\s+at .*[\w>]:\d+:\d+\)?$/m.test(all)) return 'shows a stack trace'
  // What a module of the project throws while it is loaded is told in its own words.
  const leak = /cannot be loaded: /.test(all) ? undefined : LEAKS.find((pattern) => pattern.test(all))
  if (leak) return `shows what only a programmer understands: ${leak.source}`
  const isJson = isAsked(words) && !isForShells // which it prints for in their own form
  const control = /[\0-\x08\x0b-\x1f\x7f]/.exec(isJson ? stderr : all)
  if (control) return `prints the control character ${JSON.stringify(control[0])}`
  const isHelp =
    words.some((word) => ['--help', '-h', 'help', '--version', '-V'].includes(word)) || stderr.startsWith('Usage: ')
  const isUnclear = words.indexOf('--json') > 0 // it may be the value of another option
  if (isHelp || isForShells || isUnclear) return undefined
  const error = isJson
    ? errorIn(stdout)
    : code === 0
      ? undefined
      : { message: stderr, next: /^next {3}\S/m.test(stderr) ? 'told' : '' }
  if (typeof error === 'string') return error
  const isFinding =
    ['parity', 'doctor', 'diff', 'promote', 'status'].some((name) => words.includes(name)) && stdout !== ''
  if (isFinding && (!error || typeof error === 'object')) return undefined
  if (code === 1 && isJson && !error) return 'fails without an error in its JSON'
  if (code === 0 && error) return 'tells an error and exits with 0'
  if (error && code === 1 && !error.message) return 'tells an error without a message'
  if (error && code === 1 && !error.next && !/^error: /m.test(error.message))
    return 'tells an error without what to do next'
  if (refusedAt !== undefined && !(code !== 0 && all.includes(refusedAt))) return `is not refused with ${refusedAt}`
  if (gives !== undefined && code === 0 && !all.includes(gives)) return `does not give ${gives}`
  return undefined
}

const LEAKS = [
  /Cannot read propert/,
  /is not a function/,
  /is not iterable/,
  /is not a constructor/,
  /\[object Object\]/,
  /Maximum call stack/,
  /Invalid array length/,
  /\bat position \d+ of undefined/,
]

/** `--json` counts up to `--`, and not where it is the value of another option. */
function isAsked(words: readonly string[]): boolean {
  const end = words.indexOf('--')
  return words[0] === '--json' && (end === -1 || end > 0)
}

/** The error that a JSON document tells; a text when it is no such document. */
function errorIn(stdout: string): { message: string; next?: string } | string | undefined {
  if (stdout.trim() === '') return undefined
  try {
    const read = JSON.parse(stdout) as { error?: { message: string; next?: string } } | null
    return typeof read === 'object' && read !== null ? read.error : undefined
  } catch {
    return 'prints what is no JSON'
  }
}
