/**
 * Does work once for concurrent requests. A request that arrives while the work is in progress waits for the next round,
 * so that it never gets a result from before the request.
 */
export class SharedWork<Result> {
  readonly #current = new Map<string, Promise<Result>>()
  readonly #next = new Map<string, Promise<Result>>()

  /** @param name work of the same name is shared */
  do(name: string, work: () => Promise<Result>): Promise<Result> {
    const pending = this.#next.get(name)
    if (pending) return pending
    const begin = () => {
      this.#next.delete(name)
      return this.#begin(name, work)
    }
    const next = (this.#current.get(name) ?? Promise.resolve()).then(begin, begin)
    this.#next.set(name, next)
    return next
  }

  #begin(name: string, work: () => Promise<Result>): Promise<Result> {
    const current = work().finally(() => {
      if (this.#current.get(name) === current) this.#current.delete(name)
    })
    this.#current.set(name, current)
    return current
  }
}
