import type { Graph } from '@cairn/kernel/contract'
import { parseTask, type Plan } from '@cairn/records'

/** Which step's hosts act on each task of a run, when every step has its own hosts. */
export interface Routing {
  /** Returns the step whose hosts run a task. */
  of(task: string): string | undefined
  /** The step whose hosts write the end of the run. */
  readonly ofEnd: string | undefined
}

/**
 * Returns the routing of a run. A join belongs to the hosts of the first node that it joins or, if that node is not
 * run, to those of the first step in the plan. Only a plan without steps gives undefined.
 */
export function routingOf({ nodes }: Plan): Routing {
  const known = new Map<string, string | undefined>()
  const [first] = Object.values(nodes).flatMap((node) => (node.type === 'step' ? [node.step] : []))
  const joined = joinedIn(new Map(Object.entries(nodes)))

  const stepOf = (id: string): string | undefined => {
    if (!known.has(id)) {
      known.set(id, first) // the default, for a join of nodes that are not run
      known.set(id, find(id) ?? first)
    }
    return known.get(id)
  }
  const find = (id: string): string | undefined => {
    const node = nodes[id]
    if (node?.type === 'step') return node.step
    const of = joined(id)
    return of === undefined ? undefined : stepOf(of)
  }
  const last = Object.keys(nodes).findLast((id) => nodes[id]!.scope.length === 0 && nodes[id]!.type !== 'given')
  return { of: (task) => stepOf(parseTask(task).node), ofEnd: last === undefined ? first : stepOf(last) }
}

/** The steps that `routingOf` may give for a node, over all runs of the pipeline. */
export interface Ownership {
  readonly node: string
  readonly steps: ReadonlySet<string>
}

/**
 * Returns for each node the steps whose hosts may write its records, in any run of the pipeline. Rights are granted by
 * it. A run may leave out what a join outside every `each` joins, and then any step's hosts may run it.
 */
export function ownershipOf({ nodes }: Graph): Ownership[] {
  const all = new Set([...nodes.values()].flatMap((node) => (node.type === 'step' ? [node.step.name] : [])))
  const joined = joinedIn(nodes)
  const stepsOf = (id: string): ReadonlySet<string> => {
    const node = nodes.get(id)
    if (node?.type === 'step') return new Set([node.step.name])
    const of = joined(id)
    return of !== undefined && nodes.get(of)!.scope.length > 0 ? stepsOf(of) : all
  }
  return [...nodes.keys()].map((node) => ({ node, steps: stepsOf(node) }))
}

interface Joinable {
  readonly type: string
  readonly scope: readonly string[]
  readonly then?: Readonly<Record<string, object>>
  readonly otherwise?: Readonly<Record<string, object>>
}

/**
 * Returns the rule for joins: a join runs where one of the nodes that it joins runs, because those hosts exist anyway.
 * The node is the first in the body of an `each`, or the first in the arms of a `when`.
 */
function joinedIn(nodes: ReadonlyMap<string, Joinable>): (id: string) => string | undefined {
  const bodies = Map.groupBy(nodes.keys(), (id) => nodes.get(id)!.scope.at(-1))
  return (id) => {
    const node = nodes.get(id)
    if (node?.type === 'each') return bodies.get(id)?.[0]
    const [arm] =
      node?.type === 'when' ? [...Object.values(node.then ?? {}), ...Object.values(node.otherwise ?? {})] : []
    const of = arm && 'node' in arm ? (arm.node as string) : undefined
    return of !== undefined && nodes.has(of) ? of : undefined
  }
}
