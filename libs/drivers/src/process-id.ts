import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'

/**
 * Names this process so that others can tell whether it is gone: machine, process id, and the moment of its start, since
 * ids are used again.
 */
export const thisProcess = processName(process.pid)

export function processName(pid: number): string {
  return `${hostname()}/${pid}/${startOf(pid) ?? ''}`
}

/** True only when it is certain; of a process on another machine it never is. */
export function isGone(name: string): boolean {
  const [host, pid, start] = name.split('/')
  if (host !== hostname()) return false
  const found = startOf(Number(pid))
  if (found !== undefined) return start !== '' && found !== start
  return !isAlive(Number(pid))
}

/** Clock ticks from boot to the process's start (field 22 of Linux's /proc/<pid>/stat); undefined elsewhere. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return state === 'Z' ? 'ended' : fields[18]
  } catch {
    return undefined
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
