import { CairnError, isStep, suggest, type AnyKind, type Step } from '@cairn/kernel'
import { nodeNamed } from '@cairn/planner'
import type { Graph, Node, Ref, StepNode } from '@cairn/kernel/contract'

/** A step, or the name of a node, for a step that the pipeline uses more than once. */
export type StepOrNode = Step | string

/** Returns the node that a step or name identifies. */
export function nodeOf(graph: Graph, step: StepOrNode): StepNode {
  if (!isStep(step)) {
    const node = nodeNamed(graph, step)
    if (node.type === 'step') return node
    throw new CairnError('BAD_PARAMETER', `${step} is not a step, but ${node.type === 'each' ? 'an each' : 'a when'}`)
  }
  const nodes = [...graph.nodes.values()].filter(
    (node): node is StepNode => node.type === 'step' && node.step.name === step.name,
  )
  if (nodes.length === 1) return nodes[0]!
  if (nodes.length === 0) return nodeNamed(graph, step.name) as never // throws, with the nearest name
  throw new CairnError('BAD_PARAMETER', `${graph.name} has ${nodes.length} nodes of step ${step.name}`, {
    next: `choose one: ${nodes.map(({ id }) => `'${id}'`).join(', ')}`,
  })
}

/**
 * Returns the step with a name: of a node, or else its own.
 *
 * @throws CairnError NOT_FOUND with the nearest name; BAD_PARAMETER for an `each` or a `when`
 */
export function stepNamed(graph: Graph, name: string): Step {
  const nodes = [...graph.nodes.values()].filter((node): node is StepNode => node.type === 'step')
  const known = graph.nodes.has(name) ? undefined : nodes.find(({ step }) => step.name === name)
  return (known ?? nodeOf(graph, name)).step
}

/** Returns the nodes of each step, or the node of each name, as `from` and `until` take them. */
export function idsOf(graph: Graph, steps: readonly StepOrNode[]): string[] {
  return steps.flatMap((step) => {
    if (!isStep(step)) return [step]
    const ids = [...graph.nodes.values()].flatMap((node) =>
      node.type === 'step' && node.step.name === step.name ? [node.id] : [],
    )
    return ids.length > 0 ? ids : [nodeNamed(graph, step.name).id]
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
export function outputNamed(graph: Graph, path: string): { node: Node; output: string; kind: AnyKind } {
  const [step = '', named, ...more] = path.split('/')
  const node = nodeNamed(graph, step)
  if (more.length > 0)
    throw new CairnError('BAD_PARAMETER', `"${path}" is not an output of a step`, {
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
