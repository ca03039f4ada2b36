import { setTimeout as sleep } from 'node:timers/promises'

/** What `work` gives, or an error when that takes too long; what then still comes of it is dropped. */
export async function within<Result>(ms: number, work: Promise<Result>, what: string): Promise<Result> {
  const timer = new AbortController()
  work.catch(() => {}) // may come when no one waits any longer
  const late = sleep(Math.max(ms, 1), undefined, { signal: timer.signal }).then(() => {
    throw new Error(`${what} took longer than ${Math.round(ms)} ms`)
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
