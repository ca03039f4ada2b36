import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from './ports.ts'

/** The clock of this machine. A pending `sleep` keeps the process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  async sleep(ms, signal) {
    signal?.throwIfAborted()
    await sleep(ms, undefined, { signal, ref: true }).catch(() => signal?.throwIfAborted())
  },
}
