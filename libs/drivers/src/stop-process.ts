import { setTimeout as sleep } from 'node:timers/promises'
import { isGone, isHere, pidOf } from './process-id.ts'

/** After this, a process that was killed and is still there waits for a device: nothing more can be done. */
const KILLED_MS = 5_000

/**
 * Ends a process that need not be a child of this one: asks it to, and kills it after a while. False when it still runs,
 * for example because it belongs to another user or to another machine.
 */
export async function stopProcess(name: string, patienceMs = 10_000): Promise<boolean> {
  if (!isHere(name)) return false
  for (const [signal, waitMs] of [
    ['SIGTERM', patienceMs],
    ['SIGKILL', KILLED_MS],
  ] as const) {
    if (isGone(name)) return true
    if (!send(name, signal)) return isGone(name)
    for (const deadline = performance.now() + waitMs; !isGone(name) && performance.now() < deadline;) await sleep(20)
  }
  return isGone(name)
}

/** False when that is not allowed. */
function send(name: string, signal: NodeJS.Signals): boolean {
  try {
    process.kill(pidOf(name), signal)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EPERM') return false
    if (code !== 'ESRCH') throw error
  }
  return true
}
