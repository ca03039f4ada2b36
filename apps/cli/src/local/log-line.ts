import { paint } from '../terminal/style.ts'

const LEVELS: Readonly<Record<number, readonly ['dim' | 'cyan' | 'yellow' | 'red', string]>> = {
  20: ['dim', 'debug'],
  30: ['cyan', 'info'],
  40: ['yellow', 'warn'],
  50: ['red', 'error'],
  60: ['red', 'fatal'],
}
/** Fields that the name of the service already shows. */
const KNOWN = new Set(['level', 'time', 'msg', 'pipeline', 'step', 'service'])

/** A log line of a service, formatted for people. A line that is not JSON stays as it is. */
export function logLine(service: string, line: string): string {
  const who = paint('dim', service)
  let entry: Record<string, unknown>
  try {
    entry = JSON.parse(line) as Record<string, unknown>
  } catch {
    return `${who}  ${line}`
  }
  const [format, level] = LEVELS[Number(entry['level'])] ?? ['dim', '']
  const time = new Date(Number(entry['time'])).toISOString().slice(11, 23)
  const rest = Object.entries(entry).filter(([name]) => !KNOWN.has(name))
  const details = rest.map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
  return [
    paint('dim', time),
    paint(format, level.padEnd(5)),
    who,
    typeof entry['msg'] === 'string' ? entry['msg'] : '',
    paint('dim', details.join(' ')),
  ]
    .join(' ')
    .trimEnd()
}
