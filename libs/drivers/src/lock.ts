import { randomUUID } from 'node:crypto'
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { CairnError } from '@cairn/kernel'
import { isGone, thisProcess } from './process-id.ts'

/**
 * Runs `work` while holding a lock, which excludes other processes and other calls in this one. The lock is a file that
 * names its holder. If the holder no longer exists, the lock is broken.
 *
 * @param lock path of the lock file
 * @param what the work as a participle for messages, such as `starting the servers`
 * @param note receives one line if the lock is not free after about a second
 * @throws CairnError TIMED_OUT if the lock is not free within `deadlineMs` milliseconds
 */
export async function whileLocked<Result>(
  lock: string,
  what: string,
  deadlineMs: number,
  note: (line: string) => void,
  work: () => Promise<Result>,
): Promise<Result> {
  const started = performance.now()
  for (let waits = 0; !takeLock(lock); await sleep(100)) {
    if (waits++ === 10) note(`waiting for another process, which is ${what} …`)
    else if (performance.now() - started > deadlineMs)
      throw new CairnError('TIMED_OUT', `another process has been ${what} for ${Math.round(deadlineMs / 1000)} s`, {
        next: `wait for that process; if it no longer exists, delete ${lock}`,
      })
  }
  try {
    return await work()
  } finally {
    freeLock(lock)
  }
}

const SHORT_DEADLINE_MS = 5_000

/**
 * Runs short, synchronous work while holding a lock. Blocks the thread while it waits.
 *
 * @throws CairnError STORE_FAILED if the lock is not free within 5 s
 */
export function whileLockedSync<Result>(lock: string, work: () => Result): Result {
  const deadline = performance.now() + SHORT_DEADLINE_MS
  while (!takeLock(lock)) {
    if (performance.now() > deadline)
      throw new CairnError(
        'STORE_FAILED',
        `${lock} has been held for ${SHORT_DEADLINE_MS / 1000} s by ${holderOf(lock) ?? 'an unknown process'}`,
        { next: 'if that process is gone, delete this file' },
      )
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1)
  }
  try {
    return work()
  } finally {
    freeLock(lock)
  }
}

/** Takes the lock if it is free, and breaks it first if its holder no longer exists. Returns whether it was taken. */
export function takeLock(lock: string): boolean {
  if (create(lock)) return true
  return isDead(lock) && breakLock(lock) && create(lock)
}

export function freeLock(lock: string): void {
  rmSync(lock, { force: true })
}

/** Returns the name of the process that holds the lock, even if that process has died. Undefined if it is free. */
export function holderOf(lock: string): string | undefined {
  try {
    return readFileSync(lock, 'utf8')
  } catch {
    return undefined
  }
}

/** Creates the lock file atomically with the holder's name in it. Returns false if it exists. */
function create(lock: string): boolean {
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

/**
 * Deletes the lock of a dead process, while holding a second lock: otherwise two processes could break the same lock,
 * and the slower one would delete a lock that was just taken. The holder of the second lock may die too, so it is
 * broken in the same way.
 */
function breakLock(lock: string): boolean {
  const breaking = `${lock}.breaking`
  if (!takeLock(breaking)) return false
  try {
    if (isDead(lock)) freeLock(lock)
    return true
  } finally {
    freeLock(breaking)
  }
}

/** Returns false if the lock was released in the meantime. */
function isDead(lock: string): boolean {
  const holder = holderOf(lock)
  return holder !== undefined && isGone(holder)
}
