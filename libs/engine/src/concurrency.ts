/** Maximum concurrency of calls that wait for a server, such as the store. */
export const CONCURRENCY = 16

/**
 * Runs work for each item, up to AT_ONCE at a time. After an error it starts no more items, waits for those that are
 * running, and rejects.
 */
export async function forEachConcurrently<Item>(
  items: readonly Item[],
  work: (item: Item) => Promise<unknown>,
): Promise<void> {
  let next = 0
  const worker = async () => {
    try {
      for (let index: number; (index = next++) < items.length;) await work(items[index]!)
    } catch (error) {
      next = items.length
      throw error
    }
  }
  const workers = await Promise.allSettled(Array.from({ length: Math.min(CONCURRENCY, items.length) }, worker))
  for (const ended of workers) if (ended.status === 'rejected') throw ended.reason
}
