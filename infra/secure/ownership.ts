import type { Graph, Node } from '@cairn/kernel/contract'

/** A node of a pipeline, and the steps whose hosts may be the ones that see to it. */
export interface Owned {
  readonly node: string
  readonly steps: ReadonlySet<string>
}

/**
 * Who writes the records of which nodes, in any run of a pipeline. A step's node is its own stage's. A join is seen to by
 * a stage of what it joins, and by any stage where that may be left out of a run, as what lies before its start is.
 */
export function ownershipIn({ nodes }: Graph): Owned[] {
  const all = new Set([...nodes.values()].flatMap((node) => (node.type === 'step' ? [node.step.name] : [])))
  const bodies = Map.groupBy(nodes.values(), ({ scope }) => scope.at(-1))
  const ownedBy = (node: Node | undefined): ReadonlySet<string> => {
    if (node?.type === 'step') return new Set([node.step.name])
    if (node?.type === 'each') return ownedBy(bodies.get(node.id)?.[0])
    const [arm] = node ? [...Object.values(node.then), ...Object.values(node.otherwise)] : []
    const joined = arm && 'node' in arm ? nodes.get(arm.node) : undefined
    return joined && joined.scope.length > 0 ? ownedBy(joined) : all
  }
  return [...nodes.values()].map((node) => ({ node: node.id, steps: ownedBy(node) }))
}
