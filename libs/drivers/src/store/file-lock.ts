import { CairnError } from '@cairn/kernel'
import { freeLock, holderOf, takeLock } from '../lock.ts'

const DEADLINE_MS = 5_000

/** Does a short piece of synchronous work while no other process does the same. */
export function withLock<Result>(lock: string, work: () => Result): Result {
  const deadline = performance.now() + DEADLINE_MS
  while (!takeLock(lock)) {
    if (performance.now() > deadline)
      throw new CairnError(
        'STORE_FAILED',
        `${lock} has been held for ${DEADLINE_MS / 1000} s by ${holderOf(lock) ?? 'no one'}`,
        {
          next: 'if that process is gone, delete the file',
        },
      )
    pause(1)
  }
  try {
    return work()
  } finally {
    freeLock(lock)
  }
}

function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}
