/** Keys that this process is computing: tasks that want one of them wait until it is done. */
export class SingleFlight {
  readonly #keys = new Map<string, Promise<void>>()

  /** Waits until none of the keys is being computed, and takes all of them at once; so that no two can wait for each other. */
  async take(keys: readonly string[]): Promise<() => void> {
    for (;;) {
      const busy = keys.map((key) => this.#keys.get(key)).find((other) => other !== undefined)
      if (!busy) break
      await busy
    }
    const done = Promise.withResolvers<void>()
    for (const key of keys) this.#keys.set(key, done.promise)
    return () => {
      for (const key of keys) this.#keys.delete(key)
      done.resolve()
    }
  }
}
