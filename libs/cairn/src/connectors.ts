/** What a source can read. */
export * from '@cairn/connectors'
