import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'

/** Names a start of this machine: the ids of processes and their clock ticks begin anew with it. Only Linux tells. */
const boot = startOfMachine()

/**
 * Names this process so that others can tell whether it is gone: machine, process id, and the moment of its start, since
 * ids are used again, also after the machine was started anew.
 */
export const thisProcess = processName(process.pid)

export function processName(pid: number): string {
  return `${hostname()}/${pid}/${startOf(pid) ?? ''}`
}

/** True only when it is certain; of a process on another machine it never is. */
export function isGone(name: string): boolean {
  if (!isHere(name)) return false
  const [, pid, start = ''] = name.split('/')
  const found = startOf(Number(pid))
  if (found === 'ended') return true
  if (found !== undefined) return start !== '' && !isSame(start, found)
  return !isAlive(Number(pid))
}

/** Whether a process was started on this machine. */
export function isHere(name: string): boolean {
  return name.split('/')[0] === hostname()
}

export function pidOf(name: string): number {
  return Number(name.split('/')[1])
}

/** Names of earlier versions do not tell the machine's start. */
function isSame(start: string, found: string): boolean {
  return start.includes('.') ? start === found : start === found.split('.')[0]
}

/**
 * Clock ticks from the machine's start to that of the process (field 22 of Linux's /proc/<pid>/stat), and which start of
 * the machine that was; undefined elsewhere.
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
