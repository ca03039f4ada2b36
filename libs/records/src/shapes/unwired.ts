import type { Ref } from '@cairn/kernel/contract'
import { dependenciesOf } from '../needs.ts'
import type { Condition, Plan } from '../plan-record.ts'

/**
 * Describes a reference in a plan to a step or node that it does not have, or a cycle; undefined when there is none.
 */
export function unwired({ nodes, steps }: Plan): string | undefined {
  const typeOf = (id: string) => (Object.hasOwn(nodes, id) ? nodes[id]!.type : undefined)
  for (const [id, planned] of Object.entries(nodes)) {
    if (planned.type === 'step' && !Object.hasOwn(steps, planned.step))
      return `.nodes.${id} refers to step ${planned.step}, which is missing`
    for (const [depth, each] of planned.scope.entries())
      if (typeOf(each) !== 'each' || nodes[each]!.scope.length !== depth)
        return `.nodes.${id} is inside ${each}, which is missing or not the enclosing \`each\``
    for (const used of refsOf(planned)) {
      const isThere = 'item' in used ? typeOf(used.item) === 'each' : typeOf(used.node) !== undefined
      if (!isThere) return `.nodes.${id} reads ${'item' in used ? used.item : used.node}, which is missing`
    }
  }
  return circleIn(nodes)
}

function refsOf(planned: Plan['nodes'][string]): Ref[] {
  const all: Condition[] = planned.guards.map(({ condition }) => condition)
  if (planned.type === 'step') all.push(...Object.values(planned.inputs))
  if (planned.type === 'each') all.push(planned.over)
  if (planned.type === 'when') all.push(planned.condition)
  return all.filter((used): used is Ref => !('value' in used))
}

/** Finds nodes that wait for each other, because such a run would never end. */
function circleIn(nodes: Plan['nodes']): string | undefined {
  const open = new Map(Object.keys(nodes).map((id) => [id, new Set(dependenciesOf(nodes, id))]))
  const readers = new Map<string, string[]>()
  for (const [id, needs] of open) for (const need of needs) readers.set(need, [...(readers.get(need) ?? []), id])
  const free = [...open].flatMap(([id, needs]) => (needs.size === 0 ? [id] : []))
  for (const id of free) {
    open.delete(id)
    for (const reader of readers.get(id) ?? []) {
      open.get(reader)?.delete(id)
      if (open.get(reader)?.size === 0) free.push(reader)
    }
  }
  const [first] = open.keys()
  return first === undefined ? undefined : `.nodes.${first} depends on itself`
}
