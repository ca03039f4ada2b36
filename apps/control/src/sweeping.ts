import { setTimeout as sleep } from 'node:timers/promises'

/** Sweeps periodically, one sweep at a time, until it is stopped. */
export function sweepEvery(
  ms: number,
  sweeper: { sweep(): Promise<void> },
  onFailure: (error: unknown) => void,
): AbortController {
  const ended = new AbortController()
  const sweep = async () => {
    while (!ended.signal.aborted) {
      await sweeper.sweep().catch(onFailure)
      await sleep(ms, undefined, { signal: ended.signal, ref: false }).catch(() => {})
    }
  }
  void sweep()
  return ended
}
