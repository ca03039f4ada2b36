import { fieldNames, type Graph, type Node, type Ref } from '@cairn/kernel/contract'
import type { Plan } from '@cairn/records'
import type { Lab } from '@cairn/explore'
import { paint } from '../terminal/style.ts'
import { table } from '../terminal/table.ts'

/** The pipeline's steps with their inputs, outputs, and parameters in the base run. */
export function stepsTable({ loaded, base }: Lab['session']): string {
  const { graph } = loaded.pipeline
  const rows = [...graph.nodes.values()].map((node) => [
    '  '.repeat(node.scope.length) + node.id,
    takes(node),
    Object.keys(node.outputs).join(', '),
    parameters(node, base),
  ])
  const own = settings(base.params)
  const titles = ['step', 'inputs', 'outputs', `parameters in ${base.run}`].map((title) => ({ title }))
  return table(titles, [...(own ? [ofRun(graph, own)] : []), ...rows], (title) => paint('dim', title))
}

function ofRun({ name, outputs }: Graph, own: string): string[] {
  return [paint('dim', name), '', Object.keys(outputs).join(', '), own]
}

function takes(node: Node): string {
  if (node.type === 'each') return `each of ${refText(node.over)}`
  if (node.type === 'when') return `when ${'param' in node.condition ? node.condition.param : refText(node.condition)}`
  return Object.entries(node.inputs)
    .map(([name, ref]) => `${name}: ${refText(ref)}`)
    .join(', ')
}

function refText(ref: Ref): string {
  return 'item' in ref ? `an item of ${ref.item}` : `${ref.node}/${ref.output}`
}

/** Parameters with values; only the names for a step that the base did not run. */
function parameters(node: Node, { nodes }: Plan): string {
  if (node.type !== 'step') return ''
  const planned = nodes[node.id]
  if (planned?.type === 'step') return settings(planned.params)
  const { params } = node.step.definition
  return (params && fieldNames(params)?.join(', ')) ?? ''
}

function settings(values: Plan['params']): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(' ')
}
