/** A semaphore: limits concurrency, and serves those that wait in order. */
export class Semaphore {
  #free: number
  readonly #queue: (() => void)[] = []

  constructor(count: number) {
    this.#free = count
  }

  /**
   * Waits for a free slot and takes it.
   *
   * @throws the signal's reason if it is aborted before
   */
  async take(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (this.#free > 0) return void this.#free--
    const turn = Promise.withResolvers<void>()
    const proceed = () => {
      signal.removeEventListener('abort', cancel)
      turn.resolve()
    }
    const cancel = () => {
      this.#queue.splice(this.#queue.indexOf(proceed), 1)
      turn.reject(signal.reason)
    }
    signal.addEventListener('abort', cancel, { once: true })
    this.#queue.push(proceed)
    await turn.promise
  }

  release(): void {
    const next = this.#queue.shift()
    if (next) next()
    else this.#free++
  }
}
