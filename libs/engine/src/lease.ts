import { decodeRecord, encodeRecord, RECORD_VERSION, type ArtifactStore, type Clock } from '@cairn/records'

export interface LeaseHolder {
  readonly store: ArtifactStore
  readonly clock: Clock
  /** Unique name of this process. */
  readonly name: string
  /** Whether a holder is known to be gone. Its leases may then be taken before they expire. */
  isGone?(holder: string): boolean
}

interface LeaseRecord {
  readonly v: number
  readonly holder: string
  readonly beat: number
  /** The run that it is held for: `<pipeline>/<run>`. */
  readonly run?: string
}

/** What a lease is for, and who is informed while it is waited for. */
export interface LeaseUse {
  /** `<pipeline>/<run>` */
  readonly run: string
  /**
   * Called at each poll while another process holds the lease, with the run that it is held for and the wait so far, in
   * milliseconds.
   */
  readonly onWait?: (other: string | undefined, ms: number) => void
}

/** A lease expires when it has not been renewed for this long, by the monotonic clock of the process that waits. */
const TTL_MS = 15_000
const RENEW_MS = TTL_MS / 3
const FIRST_POLL_MS = 20
const MAX_POLL_MS = 500

/**
 * Leases avoid double work when two processes want the same result at once. Correctness does not depend on them: a lost
 * lease only costs time, because the first record written is the valid one.
 */
export class Leases {
  readonly #holder: LeaseHolder
  /** Current record of each held lease. */
  readonly #held = new Map<string, Uint8Array>()
  readonly #runs = new Map<string, string>()
  readonly #stopped = new AbortController()
  #renewing = false

  constructor(holder: LeaseHolder) {
    this.#holder = holder
  }

  /**
   * Takes a lease, waiting while another process holds it.
   *
   * @param shouldStop polled while waiting: whether to give up, for example because the result exists
   * @returns true if it was taken, false if `shouldStop` returned true
   */
  async acquire(
    path: string,
    shouldStop: () => Promise<boolean>,
    signal: AbortSignal,
    use?: LeaseUse,
  ): Promise<boolean> {
    const { store, clock } = this.#holder
    if (use) this.#runs.set(path, use.run)
    const mine = this.#record(path, 0)
    let seen = ''
    let seenAt = clock.monotonic()
    const since = seenAt
    for (let wait = FIRST_POLL_MS; ; wait = Math.min(wait * 2, MAX_POLL_MS)) {
      if (await store.create(path, mine)) return this.#startRenewing(path, mine)
      if (await shouldStop()) return false
      const held = await store.read(path)
      if (!held) continue
      if (mine.equals(held)) return this.#startRenewing(path, mine) // ours; the answer that said so was lost
      const text = Buffer.from(held).toString()
      if (text !== seen) [seen, seenAt] = [text, clock.monotonic()]
      const isAbandoned = this.#isAbandoned(held, path) || clock.monotonic() - seenAt > TTL_MS
      if (isAbandoned && (await store.replace(path, held, mine))) return this.#startRenewing(path, mine)
      use?.onWait?.(recordIn(held, path)?.run, clock.monotonic() - since)
      await clock.sleep(wait, signal)
    }
  }

  /**
   * Waits while another process holds a lease, without taking it.
   *
   * @returns `free` when nobody was seen to hold it
   */
  async wait(
    path: string,
    shouldStop: () => Promise<boolean>,
    signal: AbortSignal,
    onWait?: LeaseUse['onWait'],
  ): Promise<'free' | 'freed' | 'obsolete'> {
    const { store, clock } = this.#holder
    let found: 'free' | 'freed' = 'free'
    let seen = ''
    let seenAt = clock.monotonic()
    const since = seenAt
    for (let wait = FIRST_POLL_MS; ; wait = Math.min(wait * 2, MAX_POLL_MS)) {
      const held = await store.read(path)
      if (!held || this.#isMine(held, path)) return found
      found = 'freed'
      if (this.#isAbandoned(held, path)) return found
      if (await shouldStop()) return 'obsolete'
      const text = Buffer.from(held).toString()
      if (text !== seen) [seen, seenAt] = [text, clock.monotonic()]
      if (clock.monotonic() - seenAt > TTL_MS) return found
      onWait?.(recordIn(held, path)?.run, clock.monotonic() - since)
      await clock.sleep(wait, signal)
    }
  }

  /**
   * Takes a lease once the work has run for `ms` milliseconds. Returns a function to call when the work ends, which
   * releases it.
   */
  acquireAfter(path: string, ms: number, run: string): () => Promise<void> {
    const { clock } = this.#holder
    const ended = new AbortController()
    const taken = clock
      .sleep(ms, ended.signal)
      .then(() => this.acquire(path, async () => ended.signal.aborted, ended.signal, { run }))
      .catch(() => false) // the work ended first, or the store is unavailable: no lease is held
    return async () => {
      ended.abort()
      if (await taken) await this.release(path)
    }
  }

  async release(path: string): Promise<void> {
    this.#runs.delete(path)
    if (this.#held.delete(path)) await this.#holder.store.remove(path).catch(() => {}) // it expires by itself
  }

  /** Stops renewing. Held leases expire. */
  stop(): void {
    this.#stopped.abort()
  }

  #startRenewing(path: string, record: Uint8Array): true {
    this.#held.set(path, record)
    if (!this.#renewing) void this.#renew()
    return true
  }

  /** A single loop renews all leases. It runs only while any are held. */
  async #renew(): Promise<void> {
    const { clock } = this.#holder
    this.#renewing = true
    for (let beat = 1; this.#held.size > 0; beat++) {
      try {
        await clock.sleep(RENEW_MS, this.#stopped.signal)
      } catch {
        return
      }
      for (const [path, present] of this.#held) await this.#renewOne(path, present, beat).catch(() => {}) // retried
    }
    this.#renewing = false
  }

  async #renewOne(path: string, present: Uint8Array, beat: number): Promise<void> {
    const { store } = this.#holder
    const next = this.#record(path, beat)
    const current = (await store.replace(path, present, next)) ? next : await store.read(path)
    if (this.#held.get(path) !== present) return // released meanwhile
    if (current && this.#isMine(current, path)) this.#held.set(path, current)
    else this.#held.delete(path) // taken over: the first to commit wins
  }

  #record(path: string, beat: number): Buffer {
    const run = this.#runs.get(path)
    const record: LeaseRecord = {
      v: RECORD_VERSION,
      holder: this.#holder.name,
      beat,
      ...(run !== undefined && { run }),
    }
    return encodeRecord(record, path)
  }

  /** Compares the holder only: when the answer to an earlier renewal was lost, the record has another beat. */
  #isMine(held: Uint8Array, path: string): boolean {
    return recordIn(held, path)?.holder === this.#holder.name
  }

  #isAbandoned(held: Uint8Array, path: string): boolean {
    const holder = recordIn(held, path)?.holder
    return holder === undefined || (this.#holder.isGone?.(holder) ?? false)
  }
}

/** Decodes a lease record; undefined when it is not a valid one, because then nobody renews it. */
function recordIn(held: Uint8Array, path: string): LeaseRecord | undefined {
  try {
    return decodeRecord<LeaseRecord>(held, path)
  } catch {
    return undefined
  }
}
