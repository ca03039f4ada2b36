import type { ConnectorContext } from '@cairn/kernel'

/** A context that remembers digests, and counts those that were computed. */
export function contextIn(root: string, more: Partial<ConnectorContext> = {}) {
  const remembered = new Map<string, string>()
  const counted = { computed: 0 }
  const context: ConnectorContext = {
    root,
    params: {},
    secrets: {},
    signal: AbortSignal.timeout(60_000),
    scratch: root,
    hasCachePolicy: false,
    async remember(stamp, compute) {
      if (!remembered.has(stamp)) remembered.set(stamp, (counted.computed++, await compute()))
      return remembered.get(stamp)!
    },
    ...more,
  }
  return { context, counted }
}
