/** Maximum concurrency where each call waits for a server: one after the other takes as long as all of them. */
export const AT_ONCE = 16

/** Does something with each, several at once. Rejects with the first error, when what had been begun has ended. */
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
  const workers = await Promise.allSettled(Array.from({ length: Math.min(AT_ONCE, items.length) }, worker))
  for (const ended of workers) if (ended.status === 'rejected') throw ended.reason
}
