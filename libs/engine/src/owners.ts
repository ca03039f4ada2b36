import { parseTask } from '@cairn/records'
import type { Plan } from '@cairn/records'

/** Which step's hosts see to each node of a run, where every step has hosts of its own. */
export interface Owners {
  /** The step whose hosts run a task. A join is run by hosts of a step that it joins: they are there anyway. */
  of(task: string): string | undefined
  /** The step whose hosts write the run's end. */
  readonly ofEnd: string | undefined
}

export function ownersOf({ nodes }: Plan): Owners {
  const owners = new Map<string, string | undefined>()
  const [first] = Object.values(nodes).flatMap((node) => (node.type === 'step' ? [node.step] : []))
  const bodies = Map.groupBy(Object.keys(nodes), (id) => nodes[id]!.scope.at(-1))

  const ownerOf = (id: string): string | undefined => {
    if (!owners.has(id)) {
      owners.set(id, first) // for a join of nothing that is run
      owners.set(id, find(id) ?? first)
    }
    return owners.get(id)
  }
  const find = (id: string): string | undefined => {
    const node = nodes[id]
    if (node?.type === 'step') return node.step
    if (node?.type === 'each') return ownerOf(bodies.get(id)?.[0] ?? '')
    if (node?.type !== 'when') return undefined
    const [arm] = [...Object.values(node.then), ...Object.values(node.otherwise)]
    return arm && 'node' in arm ? ownerOf(arm.node) : undefined
  }
  const last = Object.keys(nodes).findLast((id) => nodes[id]!.scope.length === 0 && nodes[id]!.type !== 'given')
  return { of: (task) => ownerOf(parseTask(task).node), ofEnd: last === undefined ? first : ownerOf(last) }
}
