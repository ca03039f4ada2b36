import type { Condition, Plan } from './plan-record.ts'

/** Lists the nodes that a node reads, or that decide whether it runs. */
export function dependenciesOf(nodes: Plan['nodes'], id: string): string[] {
  const node = nodes[id]!
  const refs: Condition[] = node.guards.map(({ condition }) => condition)
  if (node.type === 'step') refs.push(...Object.values(node.inputs))
  else if (node.type === 'each') refs.push(node.over)
  else if (node.type === 'when')
    refs.push(node.condition, ...Object.values(node.then), ...Object.values(node.otherwise))
  return [...new Set(refs.flatMap((ref) => ('node' in ref && ref.node in nodes ? [ref.node] : [])))]
}
