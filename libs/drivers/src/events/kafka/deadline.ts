import { setTimeout as sleep } from 'node:timers/promises'

/** Resolves as `work` does, or rejects after `ms` milliseconds; a later result of `work` is dropped. */
export async function within<Result>(ms: number, work: Promise<Result>, what: string): Promise<Result> {
  const timer = new AbortController()
  work.catch(() => {}) // it may reject when nothing waits for it any longer
  const late = sleep(Math.max(ms, 1), undefined, { signal: timer.signal }).then(() => {
    throw new Error(ms > 0 ? `${what} took longer than ${Math.round(ms)} ms` : `no time was left for ${what}`)
  })
  late.catch(() => {})
  try {
    return await Promise.race([work, late])
  } finally {
    timer.abort()
  }
}

/** Waits, but no longer than until the signal is aborted. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  await sleep(ms, undefined, signal ? { signal } : {}).catch(() => {})
}
