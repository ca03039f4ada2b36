import { RequestRefused } from './problem.ts'

export interface TokenLimits {
  /** Requests per second; twice as many in the first second. */
  readonly rate: number
  /** Concurrent requests, without followers. */
  readonly atOnce: number
  /** Of these, requests that plan. */
  readonly plans: number
  /** Concurrent followers of runs. */
  readonly followers: number
}
export type Kind = 'plan' | 'follow' | 'other'

interface Use {
  left: number
  at: number
  readonly open: Record<Kind, number>
}

/** Limits the requests of each token, so that none blocks the service for the others. */
export class Limits {
  readonly #limits: TokenLimits
  readonly #now: () => number
  readonly #uses = new Map<string, Use>()

  constructor(limits: TokenLimits, now: () => number = () => performance.now()) {
    this.#limits = limits
    this.#now = now
  }

  /**
   * Admits a request.
   *
   * @returns a function to call once it has been answered
   * @throws RequestRefused with `Retry-After` if it exceeds a limit
   */
  admit(holder: string, kind: Kind): () => void {
    const { rate, atOnce, plans, followers } = this.#limits
    const use = this.#use(holder)
    const { open } = use
    if (kind === 'follow' && open.follow >= followers) throw tooMany(`followers: ${followers} at once`, 10)
    if (kind !== 'follow' && open.plan + open.other >= atOnce) throw tooMany(`requests: ${atOnce} at once`, 1)
    if (kind === 'plan' && open.plan >= plans) throw tooMany(`requests that plan: ${plans} at once`, 1)
    if (use.left < 1) throw tooMany(`requests: ${rate} a second`, Math.ceil((1 - use.left) / rate))
    use.left--
    open[kind]++
    let isOpen = true
    return () => {
      if (isOpen) open[kind]--
      isOpen = false
    }
  }

  #use(holder: string): Use {
    const { rate } = this.#limits
    const now = this.#now()
    let use = this.#uses.get(holder)
    if (!use) this.#uses.set(holder, (use = { left: 2 * rate, at: now, open: { plan: 0, follow: 0, other: 0 } }))
    use.left = Math.min(2 * rate, use.left + ((now - use.at) / 1000) * rate)
    use.at = now
    return use
  }
}

function tooMany(what: string, seconds: number): RequestRefused {
  return new RequestRefused('TOO_MANY_REQUESTS', `this token has reached its limit of ${what}`, {
    next: `wait ${seconds} s, then send it again`,
    headers: { 'retry-after': String(seconds) },
  })
}
