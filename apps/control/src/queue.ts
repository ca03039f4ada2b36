import { RequestRefused } from './problem.ts'

/** Does so much at one time, keeps so much waiting in order, and refuses what is more. */
export class Queue {
  readonly #atOnce: number
  readonly #most: number
  readonly #waiting: (() => void)[] = []
  #going = 0

  constructor(atOnce: number, most: number) {
    this.#atOnce = atOnce
    this.#most = most
  }

  /** @throws RequestRefused with `Retry-After` when too much waits already */
  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#going < this.#atOnce) this.#going++
    else await this.#turn()
    try {
      return await work()
    } finally {
      const next = this.#waiting.shift()
      if (next) next()
      else this.#going--
    }
  }

  #turn(): Promise<void> {
    if (this.#waiting.length >= this.#most)
      throw new RequestRefused('TOO_MANY_REQUESTS', `${this.#most} plans wait to be made already`, {
        next: 'wait a second, then send it again',
        headers: { 'retry-after': '1' },
      })
    return new Promise((turn) => void this.#waiting.push(turn))
  }
}
