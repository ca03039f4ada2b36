import { randomUUID } from 'node:crypto'
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { CairnError } from '@cairn/kernel'
import { isGone, thisProcess } from './process-id.ts'

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

/** Does a short piece of synchronous work while no other process does the same. @throws CairnError STORE_FAILED after 5 s */
export function whileLockedSync<Result>(lock: string, work: () => Result): Result {
  const deadline = performance.now() + SHORT_DEADLINE_MS
  while (!takeLock(lock)) {
    if (performance.now() > deadline)
      throw new CairnError(
        'STORE_FAILED',
        `${lock} has been held for ${SHORT_DEADLINE_MS / 1000} s by ${holderOf(lock) ?? 'no one'}`,
        { next: 'if that process is gone, delete the file' },
      )
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1)
  }
  try {
    return work()
  } finally {
    freeLock(lock)
  }
}

/** False while another process holds the lock. The lock of a process that is gone is broken first. */
export function takeLock(lock: string): boolean {
  if (create(lock)) return true
  return isDead(lock) && breakLock(lock) && create(lock)
}

export function freeLock(lock: string): void {
  rmSync(lock, { force: true })
}

/** The process that holds a lock, or held it when it died. */
export function holderOf(lock: string): string | undefined {
  try {
    return readFileSync(lock, 'utf8')
  } catch {
    return undefined
  }
}

/** The file appears with its holder's name in it, or not at all. */
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
 * Only who holds the lock on breaking deletes the lock of another: so nobody deletes one just taken. The lock on breaking
 * is a lock like any other: its holder may die, too.
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

/** False also when it has just been given back. */
function isDead(lock: string): boolean {
  const holder = holderOf(lock)
  return holder !== undefined && isGone(holder)
}
