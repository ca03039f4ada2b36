import type { ArtifactRef } from '@cairn/kernel'
import type { EndRecord } from '@cairn/records'

/** For every item, the index of its outer item at each depth: `lineage[depth][index]`. */
export type Lineage = readonly (readonly number[])[]

/** Returns the outer `depth` numbers of a batch, of which `3.17` is number 17 inside batch 3. */
export function batchAt(batch: string, depth: number): string {
  return batch.split('.').slice(0, depth).join('.')
}

export function indexAt(batch: string, depth: number): number {
  return Number(batch.split('.')[depth])
}

/** Computes, for every item, the length of each list output and 1 or 0 for each boolean output. */
export function countsOf(items: readonly (Readonly<Record<string, ArtifactRef>> | undefined)[]): EndRecord['counts'] {
  const counts: Record<string, number[]> = {}
  items.forEach((outputs, index) => {
    for (const [name, ref] of Object.entries(outputs ?? {})) {
      const count = ref.items ?? (ref.text === 'true' ? 1 : ref.text === 'false' ? 0 : undefined)
      if (count !== undefined) (counts[name] ??= items.map(() => 0))[index] = count
    }
  })
  return counts
}
