import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Settles as `work` does, or rejects after `ms` milliseconds. Ignores a later result of `work`.
 *
 * @param what the work as a participle for the error message, such as `connecting`
 */
export async function within<Result>(ms: number, work: Promise<Result>, what: string): Promise<Result> {
  const timer = new AbortController()
  work.catch(() => {}) // it may reject after the deadline
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

/** Waits `ms` milliseconds, or until the signal is aborted. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  await sleep(ms, undefined, signal ? { signal } : {}).catch(() => {})
}
