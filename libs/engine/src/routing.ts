import { parseTask, type Plan } from '@cairn/records'

/** Which step's hosts act on each task of a run, when every step has its own hosts. */
export interface Routing {
  /**
   * Returns the step whose hosts run a task. A join runs on the hosts of a step that it joins, because those exist
   * anyway.
   */
  of(task: string): string | undefined
  /** The step whose hosts write the end of the run. */
  readonly ofEnd: string | undefined
}

export function routingOf({ nodes }: Plan): Routing {
  const known = new Map<string, string | undefined>()
  const [first] = Object.values(nodes).flatMap((node) => (node.type === 'step' ? [node.step] : []))
  const bodies = Map.groupBy(Object.keys(nodes), (id) => nodes[id]!.scope.at(-1))

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
    if (node?.type === 'each') return stepOf(bodies.get(id)?.[0] ?? '')
    if (node?.type !== 'when') return undefined
    const [arm] = [...Object.values(node.then), ...Object.values(node.otherwise)]
    return arm && 'node' in arm ? stepOf(arm.node) : undefined
  }
  const last = Object.keys(nodes).findLast((id) => nodes[id]!.scope.length === 0 && nodes[id]!.type !== 'given')
  return { of: (task) => stepOf(parseTask(task).node), ofEnd: last === undefined ? first : stepOf(last) }
}
