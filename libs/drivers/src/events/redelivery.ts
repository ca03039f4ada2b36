import { CairnError } from '@cairn/kernel/runtime'

const LONGEST_PAUSE_MS = 5_000

/** Whether the store or the bus is to blame, which are waited for. */
export function isOutage(error: unknown): boolean {
  return error instanceof CairnError && (error.code === 'STORE_FAILED' || error.code === 'BUS_FAILED')
}

/** Milliseconds to wait after so many failures in a row. */
export function pauseAfter(failures: number, first: number): number {
  return Math.min(first * 2 ** (failures - 1), LONGEST_PAUSE_MS)
}
