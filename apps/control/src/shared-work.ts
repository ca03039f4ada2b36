/**
 * Does work once for all who ask for it at one time. Who asks while it is under way gets what the next time gives, which
 * begins only then: nobody is told what was so before they asked.
 */
export class SharedWork<Result> {
  readonly #current = new Map<string, Promise<Result>>()
  readonly #next = new Map<string, Promise<Result>>()

  /** @param name work of one name gives everyone the same */
  do(name: string, work: () => Promise<Result>): Promise<Result> {
    const asked = this.#next.get(name)
    if (asked) return asked
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
