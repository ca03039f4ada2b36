import { randomUUID } from 'node:crypto'
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { isGone, thisProcess } from '@cairn/drivers/process-id'
import { CairnError } from '@cairn/kernel'

/**
 * Does something while no other process does it, nor another call in this one. The lock is a file that names its holder;
 * the lock of a process that is gone is broken.
 */
export async function whileLocked<Result>(
  lock: string,
  what: string,
  deadlineMs: number,
  note: (line: string) => void,
  work: () => Promise<Result>,
): Promise<Result> {
  const started = performance.now()
  for (let waits = 0; !take(lock); await sleep(100)) {
    if (isDead(lock)) breakLock(lock)
    else if (waits++ === 10) note(`waiting for another process, which is ${what} …`)
    else if (performance.now() - started > deadlineMs)
      throw new CairnError('TIMED_OUT', `another process has been ${what} for ${Math.round(deadlineMs / 1000)} s`, {
        next: `wait for it; if there is no such process, delete ${lock}`,
      })
  }
  try {
    return await work()
  } finally {
    rmSync(lock)
  }
}

/** The file appears with its holder's name in it, or not at all. */
function take(lock: string): boolean {
  const mine = `${lock}.${randomUUID()}`
  writeFileSync(mine, thisProcess)
  try {
    linkSync(mine, lock)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  } finally {
    rmSync(mine)
  }
}

/** Only who holds the lock on breaking deletes the lock of another: so nobody deletes one just taken. */
function breakLock(lock: string): void {
  const breaking = `${lock}.breaking`
  if (!take(breaking)) return
  try {
    if (isDead(lock)) rmSync(lock)
  } finally {
    rmSync(breaking)
  }
}

function isDead(lock: string): boolean {
  try {
    return isGone(readFileSync(lock, 'utf8'))
  } catch {
    return false // it has just been given back
  }
}
