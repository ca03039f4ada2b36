/** Calls a step in a test. */
export * from '@cairn/testing'
