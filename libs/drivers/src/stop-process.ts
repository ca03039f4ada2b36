import { setTimeout as sleep } from 'node:timers/promises'
import { isGone, isHere, pidOf } from './process-id.ts'

/** A process that still exists this long after SIGKILL is blocked in the kernel, and cannot be stopped. */
const KILLED_MS = 5_000

/**
 * Stops a process, which need not be a child of this one: sends SIGTERM, then SIGKILL after `patienceMs` milliseconds.
 * Returns false if it still runs, for example because it belongs to another user or runs on another machine.
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

/** Returns false if this user may not send the signal. */
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
