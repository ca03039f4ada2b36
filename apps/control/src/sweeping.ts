import { setTimeout as sleep } from 'node:timers/promises'

/** Sweeps now and then, one sweep at a time, until it is told to end. */
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
