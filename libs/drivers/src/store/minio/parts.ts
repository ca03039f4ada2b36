/** Size of a part, in bytes. Measured: smaller parts cost requests; larger ones, or more in parallel, gain nothing. */
export const PART = 16 << 20
const PARTS_AT_ONCE = 4
/** Bytes of one read or write of a file. */
export const PIECE = 1 << 20

export interface ObjectPart {
  readonly number: number
  readonly start: number
  /** Exclusive. */
  readonly end: number
}

export function partsOf(size: number, partSize: number): ObjectPart[] {
  return Array.from({ length: Math.ceil(size / partSize) }, (_, index) => ({
    number: index + 1,
    start: index * partSize,
    end: Math.min(size, (index + 1) * partSize),
  }))
}

/**
 * Runs `work` on items, four at once. After an error, starts no further item, and rejects once those in progress have
 * settled.
 */
export async function inParallel<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = []
  let next = 0
  const worker = async () => {
    try {
      for (let index: number; (index = next++) < items.length;) results[index] = await work(items[index]!)
    } catch (error) {
      next = items.length
      throw error
    }
  }
  const workers = await Promise.allSettled(Array.from({ length: Math.min(PARTS_AT_ONCE, items.length) }, worker))
  for (const ended of workers) if (ended.status === 'rejected') throw ended.reason
  return results
}
