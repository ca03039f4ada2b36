/** The kinds of artifacts that come with Cairn. */
export * from '@cairn/kinds'
