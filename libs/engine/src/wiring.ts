import { dependenciesOf, type Condition, type Given, type Plan } from '@cairn/records'

/** What each node of a plan waits for, computed once. */
export interface Wiring {
  /** By node: the nodes whose tasks must end before its task starts, or before the `each` opens. */
  readonly needs: ReadonlyMap<string, readonly string[]>
  readonly consumers: ReadonlyMap<string, readonly string[]>
  /** The nodes whose counts decide how a run continues: how many items an `each` has, which arm of a `when` runs. */
  readonly counted: ReadonlySet<string>
  /** By `each`: the nodes directly inside it. */
  readonly bodies: ReadonlyMap<string, readonly string[]>
  readonly outermost: readonly string[]
  readonly given: readonly (readonly [string, Given])[]
}

export function wiringOf({ nodes }: Plan): Wiring {
  const needs = new Map<string, string[]>()
  const consumers = new Map<string, string[]>()
  const counted = new Set<string>()
  const bodies = new Map<string, string[]>()
  for (const [id, { scope }] of Object.entries(nodes)) {
    const needed = dependenciesOf(nodes, id)
    needs.set(id, needed)
    for (const need of needed) push(consumers, need, id)
    for (const ref of countsReadBy(nodes[id]!)) if ('node' in ref) counted.add(ref.node)
    if (scope.length > 0) push(bodies, scope.at(-1)!, id)
  }
  const entries = Object.entries(nodes)
  return {
    needs,
    consumers,
    counted,
    bodies,
    outermost: entries.filter(([, { scope }]) => scope.length === 0).map(([id]) => id),
    given: entries.flatMap(([id, node]) => (node.type === 'given' ? [[id, node] as const] : [])),
  }
}

function countsReadBy(node: Plan['nodes'][string]): Condition[] {
  const conditions = node.guards.map(({ condition }) => condition)
  if (node.type === 'each') return [...conditions, node.over]
  return node.type === 'when' ? [...conditions, node.condition] : conditions
}

function push<Key, Value>(map: Map<Key, Value[]>, key: Key, value: Value): void {
  const values = map.get(key)
  if (values) values.push(value)
  else map.set(key, [value])
}
