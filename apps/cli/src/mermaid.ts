import type { Graph, Node, Ref } from '@cairn/kernel/contract'

/** A pipeline as a Mermaid flow chart (https://mermaid.js.org/syntax/flowchart.html). */
export function mermaid({ nodes }: Graph): string {
  const lines = ['flowchart TD']
  const draw = (scope: readonly string[], indent: string): void => {
    for (const node of nodes.values()) {
      if (node.scope.length !== scope.length || node.scope.some((each, depth) => each !== scope[depth])) continue
      if (node.type === 'each') {
        lines.push(`${indent}subgraph ${name(node.id)}["for each item"]`)
        draw([...scope, node.id], `${indent}  `)
        lines.push(`${indent}end`)
      } else lines.push(indent + name(node.id) + shape(node))
    }
  }
  draw([], '  ')
  for (const node of nodes.values())
    for (const [label, ref] of edgesOf(node))
      if ('node' in ref) lines.push(`  ${name(ref.node)} -->|${label}| ${name(node.id)}`)
  return lines.join('\n')
}

function name(id: string): string {
  return id.replaceAll(/[^a-zA-Z0-9]/g, '_')
}

function shape(node: Node): string {
  if (node.type === 'when') return `{"${node.id}"}`
  return node.type === 'step' && node.step.type === 'source' ? `[("${node.id}")]` : `["${node.id}"]`
}

function edgesOf(node: Node): [string, Ref][] {
  if (node.type === 'step') return Object.entries(node.inputs)
  if (node.type === 'each') return [['list', node.over]]
  const arms: [string, Ref][] = [
    ...Object.values(node.then).map((ref): [string, Ref] => ['yes', ref]),
    ...Object.values(node.otherwise).map((ref): [string, Ref] => ['no', ref]),
  ]
  return 'param' in node.condition ? arms : [['if', node.condition], ...arms]
}
