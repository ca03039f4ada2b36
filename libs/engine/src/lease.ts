import { decodeRecord, encodeRecord, RECORD_VERSION, type ArtifactStore, type Clock } from '@cairn/records'

export interface LeaseHolder {
  readonly store: ArtifactStore
  readonly clock: Clock
  /** Unique to this process. */
  readonly name: string
  /** Whether a holder is known to be gone, so that its leases need not run out. */
  isGone?(holder: string): boolean
}

interface LeaseRecord {
  readonly v: number
  readonly holder: string
  readonly beat: number
  /** The run that it is held for: `<pipeline>/<run>`. */
  readonly run?: string
}

/** What a lease is for, and who is to hear of a wait for it. */
export interface LeaseUse {
  /** `<pipeline>/<run>` */
  readonly run: string
  /** Called at each look while another holds it, with the run that it is held for and how long it was waited for. */
  readonly waits?: (other: string | undefined, ms: number) => void
}

/** A lease is lost when it has not been renewed for so long, by the watcher's own monotonic clock. */
const TTL_MS = 15_000
const RENEW_MS = TTL_MS / 3
const FIRST_LOOK_MS = 20
const LONGEST_LOOK_MS = 500

/**
 * Leases save double work when two processes want the same result at once. Nothing rests on them: a lost lease costs
 * time, never correctness, for whoever writes the record first wins.
 */
export class Leases {
  readonly #holder: LeaseHolder
  /** What each held lease's record says now. */
  readonly #held = new Map<string, Uint8Array>()
  readonly #runs = new Map<string, string>()
  readonly #stopped = new AbortController()
  #renewing = false

  constructor(holder: LeaseHolder) {
    this.#holder = holder
  }

  /**
   * Takes a lease, waiting while another holds it.
   *
   * @param obsolete asked while waiting: true when the lease is no longer wanted, because the result has come
   * @returns whether it was taken; false when it became obsolete
   */
  async acquire(path: string, obsolete: () => Promise<boolean>, signal: AbortSignal, use?: LeaseUse): Promise<boolean> {
    const { store, clock } = this.#holder
    if (use) this.#runs.set(path, use.run)
    const mine = this.#record(path, 0)
    let seen = ''
    let seenAt = clock.monotonic()
    const since = seenAt
    for (let wait = FIRST_LOOK_MS; ; wait = Math.min(wait * 2, LONGEST_LOOK_MS)) {
      if (await store.create(path, mine)) return this.#keep(path, mine)
      if (await obsolete()) return false
      const held = await store.read(path)
      if (!held) continue
      if (mine.equals(held)) return this.#keep(path, mine) // ours, though the answer that said so was lost
      const text = Buffer.from(held).toString()
      if (text !== seen) [seen, seenAt] = [text, clock.monotonic()]
      const lost = this.#isLost(held, path) || clock.monotonic() - seenAt > TTL_MS
      if (lost && (await store.replace(path, held, mine))) return this.#keep(path, mine)
      use?.waits?.(recordIn(held, path)?.run, clock.monotonic() - since)
      await clock.sleep(wait, signal)
    }
  }

  /** Waits while another holds a lease. @returns `free` when no one was seen to hold it */
  async wait(
    path: string,
    obsolete: () => Promise<boolean>,
    signal: AbortSignal,
    waits?: LeaseUse['waits'],
  ): Promise<'free' | 'freed' | 'obsolete'> {
    const { store, clock } = this.#holder
    let found: 'free' | 'freed' = 'free'
    let seen = ''
    let seenAt = clock.monotonic()
    const since = seenAt
    for (let wait = FIRST_LOOK_MS; ; wait = Math.min(wait * 2, LONGEST_LOOK_MS)) {
      const held = await store.read(path)
      if (!held || this.#isMine(held, path)) return found
      found = 'freed'
      if (this.#isLost(held, path)) return found
      if (await obsolete()) return 'obsolete'
      const text = Buffer.from(held).toString()
      if (text !== seen) [seen, seenAt] = [text, clock.monotonic()]
      if (clock.monotonic() - seenAt > TTL_MS) return found
      waits?.(recordIn(held, path)?.run, clock.monotonic() - since)
      await clock.sleep(wait, signal)
    }
  }

  /** Takes a lease if the work goes on for so long; gives what ends it. */
  after(path: string, ms: number, run: string): () => Promise<void> {
    const { clock } = this.#holder
    const ended = new AbortController()
    const taken = clock
      .sleep(ms, ended.signal)
      .then(() => this.acquire(path, async () => ended.signal.aborted, ended.signal, { run }))
      .catch(() => false) // ended before, or the store is away: then there is none
    return async () => {
      ended.abort()
      if (await taken) await this.release(path)
    }
  }

  async release(path: string): Promise<void> {
    this.#runs.delete(path)
    if (this.#held.delete(path)) await this.#holder.store.remove(path).catch(() => {}) // it runs out by itself
  }

  /** Renews no more: what is still held runs out. */
  stop(): void {
    this.#stopped.abort()
  }

  #keep(path: string, record: Uint8Array): true {
    this.#held.set(path, record)
    if (!this.#renewing) void this.#renew()
    return true
  }

  /** One loop for all leases, at work only while there are any. */
  async #renew(): Promise<void> {
    const { clock } = this.#holder
    this.#renewing = true
    for (let beat = 1; this.#held.size > 0; beat++) {
      try {
        await clock.sleep(RENEW_MS, this.#stopped.signal)
      } catch {
        return
      }
      for (const [path, present] of this.#held) await this.#renewOne(path, present, beat).catch(() => {}) // next time
    }
    this.#renewing = false
  }

  async #renewOne(path: string, present: Uint8Array, beat: number): Promise<void> {
    const { store } = this.#holder
    const next = this.#record(path, beat)
    const standing = (await store.replace(path, present, next)) ? next : await store.read(path)
    if (this.#held.get(path) !== present) return // released meanwhile
    if (standing && this.#isMine(standing, path)) this.#held.set(path, standing)
    else this.#held.delete(path) // taken over: whoever commits first wins
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

  /** Also where the answer to an earlier renewal was lost: the record then says another beat. */
  #isMine(held: Uint8Array, path: string): boolean {
    return recordIn(held, path)?.holder === this.#holder.name
  }

  #isLost(held: Uint8Array, path: string): boolean {
    const holder = recordIn(held, path)?.holder
    return holder === undefined || (this.#holder.isGone?.(holder) ?? false)
  }
}

/** Undefined for what is not a lease that anyone renews. */
function recordIn(held: Uint8Array, path: string): LeaseRecord | undefined {
  try {
    return decodeRecord<LeaseRecord>(held, path)
  } catch {
    return undefined
  }
}
