import { CairnError, suggest } from '@cairn/kernel'
import type { Graph, Node, Ref } from '@cairn/kernel/contract'

export interface Selection {
  /** Nodes to run or reuse. */
  readonly run: ReadonlySet<string>
  /** Nodes whose outputs come from another run, or are overridden. */
  readonly given: ReadonlySet<string>
}

/**
 * Selects the part of a pipeline from some steps until others. Nodes before `from` do not run: another run provides the
 * outputs that the rest reads. Overridden nodes do not run either, nor do nodes that only those would read.
 *
 * @throws CairnError BAD_PARAMETER when no steps are selected; NOT_FOUND for an unknown step
 */
export function select(
  graph: Graph,
  from: readonly string[],
  until: readonly string[],
  overrides: ReadonlySet<string> = new Set(),
): Selection {
  const all = [...graph.nodes.keys()]
  const reads = new Map(all.map((id) => [id, readsOf(graph, id)]))
  const readers = invert(reads)
  const isSameUnit = (id: string, other: string) =>
    graph.nodes.get(id)!.scope.includes(other) || graph.nodes.get(other)!.scope.includes(id)
  const last = all.filter((id) => readers.get(id)!.every((reader) => isSameUnit(id, reader)))

  const isCut = (id: string) => overrides.has(id) || graph.nodes.get(id)!.scope.some((around) => overrides.has(around))
  const before = new Map(all.map((id) => [id, isCut(id) ? [] : reads.get(id)!]))
  const after = invert(before)
  const wanted = closure(until.length > 0 ? units(graph, until) : last, before)
  const started = from.length > 0 ? closure(units(graph, from), after) : new Set(all)
  const run = new Set(all.filter((id) => wanted.has(id) && started.has(id) && !isCut(id)))
  if (run.size === 0)
    throw new CairnError('BAD_PARAMETER', `no steps between ${from.join(', ')} and ${until.join(', ')}`, {
      next: `cairn graph ${graph.name}`,
    })
  const given = new Set([...run].flatMap((id) => before.get(id)!).filter((id) => !run.has(id)))
  return { run, given }
}

/**
 * Finds a node by name.
 *
 * @throws CairnError NOT_FOUND with the nearest name
 */
export function nodeNamed(graph: Graph, name: string): Node {
  const node = graph.nodes.get(name)
  if (node) return node
  throw new CairnError('NOT_FOUND', `${graph.name} has no step "${name}"`, {
    next: suggest(name, graph.nodes.keys(), `cairn graph ${graph.name}`),
  })
}

/**
 * Returns the nodes with the given names. A step inside an `each` stands for the outermost `each`, which is selected as
 * a whole.
 */
function units(graph: Graph, names: readonly string[]): string[] {
  return names.flatMap((name) => {
    const inside = [...graph.nodes.keys()].filter((id) => id.startsWith(`${name}.`))
    const named = inside.length > 0 ? inside : [nodeNamed(graph, name).id]
    return named.map((id) => graph.nodes.get(id)!.scope[0] ?? id)
  })
}

/**
 * Lists the nodes that a node needs. An `each` and the nodes inside it need each other, because they are selected
 * together.
 */
function readsOf(graph: Graph, id: string): string[] {
  const node = graph.nodes.get(id)!
  const refs = [...refsOf(node), ...node.guards.flatMap(({ when }) => conditionOf(graph, when))]
  const wired = refs.flatMap((ref) => ('node' in ref ? [ref.node] : [ref.item]))
  const body =
    node.type === 'each' ? [...graph.nodes].filter(([, { scope }]) => scope.includes(id)).map(([inner]) => inner) : []
  return [...new Set([...wired, ...body, ...node.scope])].filter((other) => other !== id)
}

function refsOf(node: Node): Ref[] {
  if (node.type === 'step') return Object.values(node.inputs)
  if (node.type === 'each') return [node.over, ...Object.values(node.collects)]
  return [
    ...('param' in node.condition ? [] : [node.condition]),
    ...Object.values(node.then),
    ...Object.values(node.otherwise),
  ]
}

function conditionOf(graph: Graph, when: string): Ref[] {
  const node = graph.nodes.get(when)
  return node?.type === 'when' && !('param' in node.condition) ? [node.condition] : []
}

function closure(seeds: readonly string[], edges: ReadonlyMap<string, readonly string[]>): Set<string> {
  const reached = new Set(seeds)
  for (const id of reached) for (const next of edges.get(id) ?? []) reached.add(next) // the set grows during iteration
  return reached
}

function invert(edges: ReadonlyMap<string, readonly string[]>): Map<string, string[]> {
  const inverted = new Map<string, string[]>([...edges.keys()].map((id) => [id, []]))
  for (const [id, targets] of edges) for (const target of targets) inverted.get(target)!.push(id)
  return inverted
}
