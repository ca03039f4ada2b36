import { CairnError, isStep, suggest, type AnyKind, type Step } from '@cairn/kernel'
import { nodeNamed } from '@cairn/planner'
import type { Graph, Node, Ref, StepNode } from '@cairn/kernel/contract'

/** A step, or the name of a node, for a step that the pipeline uses more than once. */
export type StepOrNode = Step | string

/** Returns the node that a step or name identifies. */
export function nodeOf(graph: Graph, place: StepOrNode): StepNode {
  if (!isStep(place)) {
    const node = nodeNamed(graph, place)
    if (node.type === 'step') return node
    throw new CairnError('BAD_PARAMETER', `${place} is not a step, but ${node.type === 'each' ? 'an each' : 'a when'}`)
  }
  const nodes = [...graph.nodes.values()].filter(
    (node): node is StepNode => node.type === 'step' && node.step.name === place.name,
  )
  if (nodes.length === 1) return nodes[0]!
  if (nodes.length === 0) return nodeNamed(graph, place.name) as never // throws, with the nearest name
  throw new CairnError('BAD_PARAMETER', `${graph.name} has ${nodes.length} nodes of step ${place.name}`, {
    next: `choose one: ${nodes.map(({ id }) => `'${id}'`).join(', ')}`,
  })
}

/**
 * The name under which a place can be asked for with `from` and `until`: a step that stands in several, by all of them.
 */
export function idsOf(graph: Graph, places: readonly StepOrNode[]): string[] {
  return places.flatMap((place) => {
    if (!isStep(place)) return [place]
    const ids = [...graph.nodes.values()].flatMap((node) =>
      node.type === 'step' && node.step.name === place.name ? [node.id] : [],
    )
    return ids.length > 0 ? ids : [nodeNamed(graph, place.name).id]
  })
}

export function outputAt(node: Node, output: string): { readonly ref: Ref; readonly kind: AnyKind } {
  const kind = node.outputs[output]
  if (kind) return { ref: { node: node.id, output }, kind }
  throw new CairnError('NOT_FOUND', `${node.id} has no output "${output}"`, {
    next: suggest(output, Object.keys(node.outputs)),
  })
}

export function inputAt(node: StepNode, input: string): { readonly ref: Ref; readonly kind: AnyKind } {
  const { inputs = {} } = node.step.definition as { readonly inputs?: Readonly<Record<string, AnyKind>> }
  const [ref, kind] = [node.inputs[input], inputs[input]]
  if (ref && kind) return { ref, kind }
  throw new CairnError('NOT_FOUND', `${node.id} has no input "${input}"`, { next: suggest(input, Object.keys(inputs)) })
}

/** Parses `<step>/<output>`, or `<step>` for a step with a single output. */
export function outputNamed(graph: Graph, place: string): { node: Node; output: string; kind: AnyKind } {
  const [step = '', named, ...more] = place.split('/')
  const node = nodeNamed(graph, step)
  if (more.length > 0)
    throw new CairnError('BAD_PARAMETER', `"${place}" is not an output of a step`, {
      next: `choose one: ${step}/${named}`,
    })
  const names = Object.keys(node.outputs)
  const [output, ...others] = named === undefined ? names : [named]
  if (output !== undefined && others.length === 0) return { node, output, kind: outputAt(node, output).kind }
  throw new CairnError('BAD_PARAMETER', `${node.id} has ${names.length === 0 ? 'no outputs' : 'several outputs'}`, {
    next:
      names.length === 0
        ? `cairn graph ${graph.name}`
        : `choose one: ${names.map((name) => `${node.id}/${name}`).join(', ')}`,
  })
}
