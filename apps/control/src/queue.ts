import { RequestRefused } from './problem.ts'

/** The two lines: writing and reading requests. */
export type Line = 'changes' | 'looks'

/**
 * Limits concurrent work, queues a limited number of requests in two lines, each in order, and refuses the rest. The lines
 * alternate: however many requests read, every second place is for requests that write.
 */
export class Queue {
  readonly #concurrency: number
  readonly #maxWaiting: number
  readonly #waiting: Readonly<Record<Line, (() => void)[]>> = { changes: [], looks: [] }
  #running = 0
  #last: Line = 'looks'

  /** @param maxWaiting maximum number of waiting requests in each line */
  constructor(concurrency: number, maxWaiting: number) {
    this.#concurrency = concurrency
    this.#maxWaiting = maxWaiting
  }

  /** @throws RequestRefused with `Retry-After` if its line is full */
  async run<Result>(line: Line, work: () => Promise<Result>): Promise<Result> {
    if (this.#running < this.#concurrency) this.#running++
    else await this.#waitForTurn(line)
    try {
      return await work()
    } finally {
      const next = this.#next()
      if (next) next()
      else this.#running--
    }
  }

  #waitForTurn(line: Line): Promise<void> {
    const waiting = this.#waiting[line]
    if (waiting.length >= this.#maxWaiting)
      throw new RequestRefused('TOO_MANY_REQUESTS', `${this.#maxWaiting} requests are already waiting to be planned`, {
        next: 'wait a second, then send it again',
        headers: { 'retry-after': '1' },
      })
    return new Promise((turn) => void waiting.push(turn))
  }

  #next(): (() => void) | undefined {
    const other = this.#last === 'looks' ? 'changes' : 'looks'
    const line = this.#waiting[other].length > 0 ? other : this.#last
    const next = this.#waiting[line].shift()
    if (next) this.#last = line
    return next
  }
}
