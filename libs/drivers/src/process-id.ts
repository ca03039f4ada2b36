import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'

/** Identifies the current boot, since process ids and start times repeat after a reboot. Empty except on Linux. */
const boot = startOfMachine()

/**
 * Name of this process, by which other processes can check whether it still exists: `<host>/<pid>/<start>`. The start
 * time is needed because process ids are reused.
 */
export const thisProcess = processName(process.pid)

/** Returns the name of a process on this machine, in the format of `thisProcess`. */
export function processName(pid: number): string {
  return `${hostname()}/${pid}/${startOf(pid) ?? ''}`
}

/** Returns true only if the process certainly does not exist. Always false for a process on another machine. */
export function isGone(name: string): boolean {
  if (!isHere(name)) return false
  const [, pid, start = ''] = name.split('/')
  const found = startOf(Number(pid))
  if (found === 'ended') return true
  if (found !== undefined) return start !== '' && !isSame(start, found)
  return !isAlive(Number(pid))
}

/** Returns whether a process was started on this machine. */
export function isHere(name: string): boolean {
  return name.split('/')[0] === hostname()
}

/** Returns the process id in a name. */
export function pidOf(name: string): number {
  return Number(name.split('/')[1])
}

/** Names from earlier versions of Cairn do not contain the boot id. */
function isSame(start: string, found: string): boolean {
  return start.includes('.') ? start === found : start === found.split('.')[0]
}

/**
 * Returns the start time of a process in clock ticks since boot (field 22 of /proc/<pid>/stat), followed by the boot
 * id; `ended` for a zombie; undefined if the process does not exist or the system is not Linux.
 */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return state === 'Z' ? 'ended' : `${fields[18]}${boot}`
  } catch {
    return undefined
  }
}

function startOfMachine(): string {
  try {
    return `.${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').slice(0, 8)}`
  } catch {
    return ''
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
