import { CairnError } from '@cairn/kernel'

const LONGEST_PAUSE_MS = 5_000
const WAITED_FOR = new Set(['STORE_FAILED', 'BUS_FAILED', 'HOST_FAILED'])

/** What the event is not to blame for, and is waited for: the store, the bus, this host. */
export function isOutage(error: unknown): boolean {
  return error instanceof CairnError && WAITED_FOR.has(error.code)
}

/** Milliseconds to wait after so many failures in a row. */
export function pauseAfter(failures: number, first: number): number {
  return Math.min(first * 2 ** (failures - 1), LONGEST_PAUSE_MS)
}
