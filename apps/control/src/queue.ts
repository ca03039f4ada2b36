import { RequestRefused } from './problem.ts'

/** Writing and reading requests wait in separate queues. */
export type RequestClass = 'write' | 'read'

/**
 * Limits concurrent work, queues a limited number of requests of each class in order, and refuses the rest. The classes
 * alternate: however many requests read, every second place is for requests that write.
 */
export class Queue {
  readonly #concurrency: number
  readonly #maxWaiting: number
  readonly #waiting: Readonly<Record<RequestClass, (() => void)[]>> = { write: [], read: [] }
  #running = 0
  #last: RequestClass = 'read'

  /** @param maxWaiting maximum number of waiting requests of each class */
  constructor(concurrency: number, maxWaiting: number) {
    this.#concurrency = concurrency
    this.#maxWaiting = maxWaiting
  }

  /** @throws RequestRefused with `Retry-After` if the queue of its class is full */
  async run<Result>(requestClass: RequestClass, work: () => Promise<Result>): Promise<Result> {
    if (this.#running < this.#concurrency) this.#running++
    else await this.#waitForTurn(requestClass)
    try {
      return await work()
    } finally {
      const next = this.#next()
      if (next) next()
      else this.#running--
    }
  }

  #waitForTurn(requestClass: RequestClass): Promise<void> {
    const waiting = this.#waiting[requestClass]
    if (waiting.length >= this.#maxWaiting)
      throw new RequestRefused('TOO_MANY_REQUESTS', `${this.#maxWaiting} requests are already waiting to be planned`, {
        next: 'wait a second, then send it again',
        headers: { 'retry-after': '1' },
      })
    return new Promise((turn) => void waiting.push(turn))
  }

  #next(): (() => void) | undefined {
    const other = this.#last === 'read' ? 'write' : 'read'
    const turn = this.#waiting[other].length > 0 ? other : this.#last
    const next = this.#waiting[turn].shift()
    if (next) this.#last = turn
    return next
  }
}
