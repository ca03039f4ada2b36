import * as fs from 'node:fs'
import { CairnError } from '@cairn/kernel/runtime'
import { isGone, thisProcess } from '../process-id.ts'

const DEADLINE_MS = 5_000

/**
 * Does a short piece of synchronous work while no other process does the same. The lock is a file that names its holder;
 * the lock of a holder that is gone is broken, by one process at a time.
 */
export function withLock<Result>(lock: string, work: () => Result): Result {
  const deadline = performance.now() + DEADLINE_MS
  while (!take(lock)) {
    if (performance.now() > deadline)
      throw new CairnError(
        'STORE_FAILED',
        `${lock} has been held for ${DEADLINE_MS / 1000} s by ${holderOf(lock) ?? 'no one'}`,
        {
          next: 'if that process is gone, delete the file',
        },
      )
    if (isDead(lock)) breakLock(lock)
    else pause(1)
  }
  try {
    return work()
  } finally {
    fs.unlinkSync(lock)
  }
}

function take(lock: string): boolean {
  const mine = `${lock}.${process.pid}`
  fs.writeFileSync(mine, thisProcess)
  try {
    fs.linkSync(mine, lock) // appears with its holder's name in it, or not at all
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  } finally {
    fs.unlinkSync(mine)
  }
}

/** Only who holds the lock on breaking may delete the lock of another: so nobody deletes one just taken. */
function breakLock(lock: string): void {
  const breaking = `${lock}.breaking`
  if (!take(breaking)) return pause(1)
  try {
    if (isDead(lock)) fs.unlinkSync(lock)
  } finally {
    fs.unlinkSync(breaking)
  }
}

function isDead(lock: string): boolean {
  const holder = holderOf(lock)
  return holder !== undefined && isGone(holder)
}

function holderOf(lock: string): string | undefined {
  try {
    return fs.readFileSync(lock, 'utf8')
  } catch {
    return undefined
  }
}

function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}
