import { setTimeout as sleep } from 'node:timers/promises'
import type { Supervisor } from './supervisor.ts'

/** Sweeps now and then, one sweep at a time, until it is told to end. */
export function sweepEvery(ms: number, supervisor: Supervisor, onFailure: (error: unknown) => void): AbortController {
  const ended = new AbortController()
  const sweep = async () => {
    while (!ended.signal.aborted) {
      await supervisor.sweep().catch(onFailure)
      await sleep(ms, undefined, { signal: ended.signal, ref: false }).catch(() => {})
    }
  }
  void sweep()
  return ended
}
