/** Maximum concurrency of calls that wait for a server, such as the store. */
export const CONCURRENCY = 16

/**
 * Runs work for each item, up to `concurrency` at a time, and returns the results in the order of the items. After an
 * error it starts no more items, waits for those that are running, and rejects.
 */
export async function mapConcurrently<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
  concurrency = CONCURRENCY,
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
  const workers = await Promise.allSettled(Array.from({ length: Math.min(concurrency, items.length) }, worker))
  for (const ended of workers) if (ended.status === 'rejected') throw ended.reason
  return results
}
