import type { Answer, Command } from './scenario.ts'

/** Returns what is wrong with the result of a command; undefined if it is as expected. */
export function judge({ words, gives, refusedAt }: Command, { code, stdout, stderr }: Answer): string | undefined {
  const all = stdout + stderr
  const isForShells = words.some((word) => ['complete', 'completion'].includes(word))
  if (/"code": ?"UNEXPECTED"/.test(stdout) || /UNEXPECTED end/.test(stderr)) return 'ends in UNEXPECTED'
  if (/^\s+at .*[\w>]:\d+:\d+\)?$/m.test(all)) return 'shows a stack trace'
  // An error that a module of the project throws while it is loaded is printed as it is.
  const leak = /cannot be loaded: /.test(all) ? undefined : LEAKS.find((pattern) => pattern.test(all))
  if (leak) return `shows what only a programmer understands: ${leak.source}`
  const isJson = asksForJson(words) && !isForShells // those print in the shell's own format
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
      : { message: stderr, next: /^next {3}\S/m.test(stderr) ? 'given' : '' }
  if (typeof error === 'string') return error
  const isFinding =
    ['parity', 'doctor', 'diff', 'promote', 'status'].some((name) => words.includes(name)) && stdout !== ''
  if (isFinding && (!error || typeof error === 'object')) return undefined
  if (code === 1 && isJson && !error) return 'fails without an error in its JSON'
  if (code === 0 && error) return 'reports an error and exits with 0'
  if (error && code === 1 && !error.message) return 'reports an error without a message'
  if (error && code === 1 && !error.next && !/^error: /m.test(error.message))
    return 'reports an error without a next step'
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

/** Whether the command asks for JSON. `--json` counts only before `--`, and not as the value of another option. */
function asksForJson(words: readonly string[]): boolean {
  const end = words.indexOf('--')
  return words[0] === '--json' && (end === -1 || end > 0)
}

/** Returns the error that a JSON document reports, or a text if the output is not JSON. */
function errorIn(stdout: string): { message: string; next?: string } | string | undefined {
  if (stdout.trim() === '') return undefined
  try {
    const read = JSON.parse(stdout) as { error?: { message: string; next?: string } } | null
    return typeof read === 'object' && read !== null ? read.error : undefined
  } catch {
    return 'prints output that is not JSON'
  }
}
