import { CairnError, isStep, suggest, type AnyKind, type Step } from '@cairn/kernel'
import { nodeNamed } from '@cairn/planner'
import type { Graph, Node, Ref, StepNode } from '@cairn/kernel/contract'

/** A step, or the name of a place in the pipeline where one step stands more than once. */
export type Place = Step | string

/** The one node that is meant. */
export function nodeOf(graph: Graph, place: Place): StepNode {
  if (!isStep(place)) {
    const node = nodeNamed(graph, place)
    if (node.type === 'step') return node
    throw new CairnError('BAD_PARAMETER', `${place} is no step but ${node.type === 'each' ? 'an each' : 'a when'}`)
  }
  const nodes = [...graph.nodes.values()].filter(
    (node): node is StepNode => node.type === 'step' && node.step.name === place.name,
  )
  if (nodes.length === 1) return nodes[0]!
  if (nodes.length === 0) return nodeNamed(graph, place.name) as never // throws, with the nearest name
  throw new CairnError('BAD_PARAMETER', `${place.name} stands in ${nodes.length} places of ${graph.name}`, {
    next: `name one: ${nodes.map(({ id }) => `'${id}'`).join(', ')}`,
  })
}

/** The name under which a place can be asked for with `from` and `until`: a step that stands in several, by all of them. */
export function idsOf(graph: Graph, places: readonly Place[]): string[] {
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

/** `<step>/<output>`, or the step alone where it has just one. */
export function outputNamed(graph: Graph, place: string): { node: Node; output: string; kind: AnyKind } {
  const [step = '', named, ...more] = place.split('/')
  const node = nodeNamed(graph, step)
  if (more.length > 0)
    throw new CairnError('BAD_PARAMETER', `"${place}" is no output of a step`, { next: `name one: ${step}/${named}` })
  const names = Object.keys(node.outputs)
  const [output, ...others] = named === undefined ? names : [named]
  if (output !== undefined && others.length === 0) return { node, output, kind: outputAt(node, output).kind }
  throw new CairnError('BAD_PARAMETER', `${node.id} has ${names.length === 0 ? 'no output' : 'several outputs'}`, {
    next:
      names.length === 0
        ? `cairn graph ${graph.name}`
        : `name one: ${names.map((name) => `${node.id}/${name}`).join(', ')}`,
  })
}
