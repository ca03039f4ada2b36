import { kindText, CairnError, describeKind, fits, type AnyKind, type Kinds, type Step } from '@cairn/kernel'
import { renamed, type Graph, type Node, type Ref, type StepNode } from '@cairn/kernel/contract'

/** A pipeline's graph with another step in the places of one. */
export interface Swapped {
  readonly graph: Graph
  /** The other step under the name of the one whose places it takes: what it computes is kept under that name. */
  readonly step: Step
}

/**
 * Puts another step in every place of one. It may take less than what is wired there, and must give at least what is
 * read of it.
 *
 * @throws CairnError BAD_WIRING that shows both kinds where one does not fit
 */
export function swapStep(graph: Graph, name: string, other: Step): Swapped {
  const step = renamed(other, name)
  const nodes = new Map(graph.nodes)
  for (const [id, node] of graph.nodes)
    if (node.type === 'step' && node.step.name === name) nodes.set(id, swapNode(graph, node, step, other.name))
  return { graph: { ...graph, nodes }, step }
}

function swapNode(graph: Graph, node: StepNode, step: Step, called: string): StepNode {
  const { inputs = {}, outputs } = step.definition
  for (const [input, kind] of Object.entries(inputs as Kinds)) {
    const wired = node.inputs[input]
    if (!wired)
      throw new CairnError('BAD_WIRING', `${called} takes "${input}", which ${node.id} is not given`, {
        next: `of what is wired there it can take ${Object.keys(node.inputs).join(', ') || 'nothing'}`,
      })
    const produced = kindAt(graph, wired)
    if (produced && !fits(kind, describeKind(produced)))
      throw new CairnError(
        'BAD_WIRING',
        `${called} takes as "${input}" ${kindText(describeKind(kind))}, but in place of ${node.id} it is given ${kindText(describeKind(produced))}`,
      )
  }
  for (const [output, kind] of Object.entries(node.outputs)) {
    const given = (outputs as Kinds)[output]
    if (given && fits(kind, describeKind(given))) continue
    const what = given ? `gives as "${output}" ${kindText(describeKind(given))}` : `gives no "${output}"`
    throw new CairnError(
      'BAD_WIRING',
      `${called} cannot take the place of ${node.id}: it ${what}, and ${node.id} gives ${kindText(describeKind(kind))}`,
      { next: 'give it the same outputs' },
    )
  }
  const wired = Object.fromEntries(Object.entries(node.inputs).filter(([input]) => input in inputs))
  return { ...node, step, inputs: wired, outputs }
}

function kindAt(graph: Graph, ref: Ref): AnyKind | undefined {
  if ('node' in ref) return graph.nodes.get(ref.node)?.outputs[ref.output]
  const each = graph.nodes.get(ref.item) as Extract<Node, { type: 'each' }>
  return kindAt(graph, each.over)?.item
}
