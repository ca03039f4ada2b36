import type { Part } from './link.ts'
import type { Writers } from './writers.ts'

/**
 * For each piece of state that loading changes: the numbers of the parts that change it, each in a group of its own, in
 * evaluation order; and between two of these, a group with the parts that may read it. The order within a group does
 * not matter. Closures that differ only in the order of code that shares no state have the same order here.
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

/** Groups parts into states. Parts that one writer changes form one state, because each may then hold the other. */
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

/** Compares by evaluation order: by module, and within a module, side-effect imports before other code. */
export function compareEvaluation(a: Part, b: Part): number {
  return (
    a.module.order - b.module.order || Number(b.type === 'effect') - Number(a.type === 'effect') || a.index - b.index
  )
}
