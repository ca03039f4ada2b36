import { CairnError, suggest } from '@cairn/kernel'
import type { Graph, Node, Ref } from '@cairn/kernel/contract'

export interface Selection {
  /** Nodes that run, or are reused. */
  readonly run: ReadonlySet<string>
  /** Nodes whose outputs of another run stand in. */
  readonly given: ReadonlySet<string>
}

/**
 * The part of a pipeline from some steps and until others. What lies before `from` is not run: another run's outputs
 * stand in for what the rest reads of it. What is overridden is not run either, nor what only that would read.
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
  const isOneWith = (id: string, other: string) =>
    graph.nodes.get(id)!.scope.includes(other) || graph.nodes.get(other)!.scope.includes(id)
  const last = all.filter((id) => readers.get(id)!.every((reader) => isOneWith(id, reader)))

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

/** @throws CairnError NOT_FOUND that suggests the nearest name */
export function nodeNamed(graph: Graph, name: string): Node {
  const node = graph.nodes.get(name)
  if (node) return node
  throw new CairnError('NOT_FOUND', `${graph.name} has no step "${name}"`, {
    next: suggest(name, graph.nodes.keys(), `cairn graph ${graph.name}`),
  })
}

/** The nodes of the given names. A step inside an `each` stands for the whole `each`: that is what is taken or left. */
function units(graph: Graph, names: readonly string[]): string[] {
  return names.flatMap((name) => {
    const inside = [...graph.nodes.keys()].filter((id) => id.startsWith(`${name}.`))
    const named = inside.length > 0 ? inside : [nodeNamed(graph, name).id]
    return named.map((id) => graph.nodes.get(id)!.scope[0] ?? id)
  })
}

/** The nodes that one node needs, and for an `each` those of its body: they go together. */
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
  for (const id of reached) for (const next of edges.get(id) ?? []) reached.add(next) // grows while it is walked
  return reached
}

function invert(edges: ReadonlyMap<string, readonly string[]>): Map<string, string[]> {
  const inverted = new Map<string, string[]>([...edges.keys()].map((id) => [id, []]))
  for (const [id, targets] of edges) for (const target of targets) inverted.get(target)!.push(id)
  return inverted
}
