import { RequestRefused } from './problem.ts'

/** The two lines: writing and reading requests. */
export type Line = 'changes' | 'looks'

/**
 * Limits concurrent work, queues a limited number of requests in two lines, each in order, and refuses the rest. The lines
 * alternate: however many requests read, every second place is for requests that write.
 */
export class Queue {
  readonly #atOnce: number
  readonly #most: number
  readonly #waiting: Readonly<Record<Line, (() => void)[]>> = { changes: [], looks: [] }
  #going = 0
  #last: Line = 'looks'

  /** @param most maximum number of waiting requests in each line */
  constructor(atOnce: number, most: number) {
    this.#atOnce = atOnce
    this.#most = most
  }

  /** @throws RequestRefused with `Retry-After` if its line is full */
  async run<Result>(line: Line, work: () => Promise<Result>): Promise<Result> {
    if (this.#going < this.#atOnce) this.#going++
    else await this.#turn(line)
    try {
      return await work()
    } finally {
      const next = this.#next()
      if (next) next()
      else this.#going--
    }
  }

  #turn(line: Line): Promise<void> {
    const waiting = this.#waiting[line]
    if (waiting.length >= this.#most)
      throw new RequestRefused('TOO_MANY_REQUESTS', `${this.#most} requests are already waiting to be planned`, {
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
