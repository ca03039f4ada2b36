import { CairnError } from '@cairn/kernel'

const MAX_PAUSE_MS = 5_000
const OUTAGE_CODES = new Set(['STORE_FAILED', 'BUS_FAILED', 'HOST_FAILED'])

/**
 * Returns whether an error is an outage of the store, the bus or this host, which ends without a change of the event.
 */
export function isOutage(error: unknown): boolean {
  return error instanceof CairnError && OUTAGE_CODES.has(error.code)
}

/** Returns the milliseconds to wait after this many consecutive failures: `first`, doubled each time, up to 5 s. */
export function pauseAfter(failures: number, first: number): number {
  return Math.min(first * 2 ** (failures - 1), MAX_PAUSE_MS)
}
