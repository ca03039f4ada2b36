/** Where the two threads count without a message: reports that are handled; whether all is exported. */
export const HANDLED = 0
export const CLOSED = 1
