import { RequestRefused } from './problem.ts'

/** Who waits: those who change something, or those who only look. */
export type Line = 'changes' | 'looks'

/**
 * Does so much at one time, keeps so much waiting in two lines, each in order, and refuses what is more. The lines are
 * served in turn: however many look, every second place is for those who change something.
 */
export class Queue {
  readonly #atOnce: number
  readonly #most: number
  readonly #waiting: Readonly<Record<Line, (() => void)[]>> = { changes: [], looks: [] }
  #going = 0
  #last: Line = 'looks'

  /** @param most that waits in each line */
  constructor(atOnce: number, most: number) {
    this.#atOnce = atOnce
    this.#most = most
  }

  /** @throws RequestRefused with `Retry-After` when too much waits in its line already */
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
