/** Counters in shared memory of the two threads: handled reports, and whether everything was exported. */
export const HANDLED = 0
export const CLOSED = 1
