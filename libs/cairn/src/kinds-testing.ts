/** Checks for a kind of your own. */
export * from '@cairn/kinds/testing'
