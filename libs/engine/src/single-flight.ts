/** The keys that this process is computing. A task that needs one of them waits until it is done. */
export class SingleFlight {
  readonly #keys = new Map<string, Promise<void>>()

  /**
   * Waits until none of the keys is being computed and takes all of them at once, so that two tasks never wait for each
   * other. Returns a function that releases the keys.
   */
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
