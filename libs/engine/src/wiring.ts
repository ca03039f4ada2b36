import { neededBy, type Given, type Plan } from '@cairn/records'

/** What each node of a plan waits for, computed once. */
export interface Wiring {
  /** By node: the nodes whose tasks must end before its task starts, or before the `each` opens. */
  readonly needs: ReadonlyMap<string, readonly string[]>
  readonly consumers: ReadonlyMap<string, readonly string[]>
  /** By `each`: the nodes directly inside it. */
  readonly bodies: ReadonlyMap<string, readonly string[]>
  readonly outermost: readonly string[]
  readonly given: readonly (readonly [string, Given])[]
}

export function wiringOf({ nodes }: Plan): Wiring {
  const needs = new Map<string, string[]>()
  const consumers = new Map<string, string[]>()
  const bodies = new Map<string, string[]>()
  for (const [id, { scope }] of Object.entries(nodes)) {
    const needed = neededBy(nodes, id)
    needs.set(id, needed)
    for (const need of needed) push(consumers, need, id)
    if (scope.length > 0) push(bodies, scope.at(-1)!, id)
  }
  const entries = Object.entries(nodes)
  return {
    needs,
    consumers,
    bodies,
    outermost: entries.filter(([, { scope }]) => scope.length === 0).map(([id]) => id),
    given: entries.flatMap(([id, node]) => (node.type === 'given' ? [[id, node] as const] : [])),
  }
}

function push<Key, Value>(map: Map<Key, Value[]>, key: Key, value: Value): void {
  const values = map.get(key)
  if (values) values.push(value)
  else map.set(key, [value])
}
