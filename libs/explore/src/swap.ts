import { kindText, CairnError, describeKind, fits, type AnyKind, type Kinds, type Step } from '@cairn/kernel'
import { renamed, type Graph, type Node, type Ref, type StepNode } from '@cairn/kernel/contract'

/** The graph of a pipeline with one step replaced by another. */
export interface Swapped {
  readonly graph: Graph
  /** The new step under the name of the replaced one. Its results are stored under that name. */
  readonly step: Step
}

/**
 * Replaces a step at all its nodes. The new step may use fewer inputs, and must have all outputs that are read.
 *
 * @throws CairnError BAD_WIRING with both kinds, if an input or output does not fit
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
      throw new CairnError('BAD_WIRING', `${called} has an input "${input}", which is not available at ${node.id}`, {
        next: `available inputs: ${Object.keys(node.inputs).join(', ') || 'none'}`,
      })
    const produced = kindAt(graph, wired)
    if (produced && !fits(kind, describeKind(produced)))
      throw new CairnError(
        'BAD_WIRING',
        `input "${input}" of ${called} must be ${kindText(describeKind(kind))}, but ${node.id} receives ${kindText(describeKind(produced))}`,
      )
  }
  for (const [output, kind] of Object.entries(node.outputs)) {
    const given = (outputs as Kinds)[output]
    if (given && fits(kind, describeKind(given))) continue
    const what = given ? `returns ${kindText(describeKind(given))} as "${output}"` : `has no output "${output}"`
    throw new CairnError(
      'BAD_WIRING',
      `${called} cannot replace ${node.id}: it ${what}, but ${node.id} returns ${kindText(describeKind(kind))}`,
      { next: 'declare the same outputs' },
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
