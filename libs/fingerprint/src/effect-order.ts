import type { Part } from './link.ts'
import type { Writers } from './writers.ts'

/**
 * For every state that loading changes, the numbers of what changes it, each alone, in the order of evaluation, and
 * between two of those of what may read it: within such a group the order does not matter. Two closures that are alike
 * but for the order of what does not touch the same state have the same order here.
 */
export type EffectOrder = readonly (readonly (readonly number[])[])[]

export function effectOrder(parts: readonly Part[], numbers: ReadonlyMap<Part, number>, writers: Writers): EffectOrder {
  const isWriting = (part: Part) => part.type === 'effect' || writers.of(part) !== undefined
  if (!parts.some(isWriting)) return []
  const sorted = parts.toSorted(compareEvaluation)
  const orders = statesOf(parts, writers).map((state) => {
    const writes = (part: Part) => [...(writers.of(part)?.written ?? [])].some((written) => state.has(written))
    const reads = (part: Part) => [...writers.readBy(part)].some((read) => read !== part && state.has(read))
    return sequence(sorted, numbers, writes, reads)
  })
  const changesGlobals = (part: Part) => part.type === 'effect' || writers.of(part)?.changesGlobals === true
  orders.push(sequence(sorted, numbers, changesGlobals, ({ code }) => !code.inert))
  return orders.filter((order) => order.length > 1)
}

/** Parts that one writer changes together are one state from then on: either may hold the other. */
function statesOf(parts: readonly Part[], writers: Writers): Set<Part>[] {
  const states = new Map<Part, Set<Part>>()
  for (const writer of parts) {
    const joined = new Set<Part>()
    for (const written of writers.of(writer)?.written ?? [])
      for (const part of states.get(written) ?? [written]) joined.add(part)
    for (const part of joined) states.set(part, joined)
  }
  return [...new Set(parts.flatMap((part) => states.get(part) ?? []))]
}

function sequence(
  parts: readonly Part[],
  numbers: ReadonlyMap<Part, number>,
  writes: (part: Part) => boolean,
  reads: (part: Part) => boolean,
): number[][] {
  const groups: number[][] = []
  let readers: number[] = []
  for (const part of parts) {
    const number = numbers.get(part)!
    if (writes(part)) {
      if (readers.length > 0) groups.push(readers.sort((a, b) => a - b))
      readers = []
      groups.push([number])
    } else if (reads(part)) readers.push(number)
  }
  if (readers.length > 0 && groups.length > 0) groups.push(readers.sort((a, b) => a - b))
  return groups
}

/** Modules in the order of their evaluation, and in each the imports for effect before the source. */
export function compareEvaluation(a: Part, b: Part): number {
  return (
    a.module.order - b.module.order || Number(b.type === 'effect') - Number(a.type === 'effect') || a.index - b.index
  )
}
