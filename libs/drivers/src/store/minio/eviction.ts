import * as fs from 'node:fs'
import { readdir, rm, rmdir, stat, statfs } from 'node:fs/promises'
import { basename, dirname, extname, join } from 'node:path'
import type { LocalCopies } from '../local-copies.ts'
import { leftovers } from '../folder-leftovers.ts'

export interface EvictionOptions {
  /** Holds `objects/` with the copies, and `tmp/`. */
  readonly folder: string
  /** This process, as a name in `tmp/`. */
  readonly process: string
  /** Bytes that the copies may take. */
  readonly limit: number
  /** Whether everyone who works on copies holds them. If not, what was asked for lately stays in any case. */
  readonly areHeld: boolean
}

/** A copy that was asked for so recently may not have been opened yet, where nobody tells. */
const IN_USE_MS = 10 * 60_000
/** The share of its disk that is left free for others. */
const FREE_SHARE = 0.1
/** As much is enough on any disk, in bytes. */
const FREE_BYTES = 1e9
/** Ends the name of a folder of `tmp/` with a file for each copy that a process holds. */
const HELD = '-held'

interface Found {
  readonly file: string
  readonly size: number
  /** When it was asked for last, nearly. */
  readonly used: number
}

/** Decides which copies go, the oldest first: where they are more than their limit, or their disk has no room. */
export class Eviction implements LocalCopies {
  readonly #options: EvictionOptions
  readonly #held = new Map<string, number>()
  #last: Promise<unknown> = Promise.resolve()

  constructor(options: EvictionOptions) {
    this.#options = options
  }

  hold(digest: string): () => void {
    const { folder, process } = this.#options
    const own = join(folder, 'tmp', `${process}${HELD}`)
    const marker = join(own, digest)
    const count = this.#held.get(digest) ?? 0
    if (count === 0) {
      fs.mkdirSync(own, { recursive: true })
      fs.writeFileSync(marker, '') // takes no block of the disk, so that it can be made on one that is full
    }
    this.#held.set(digest, count + 1)
    let isHeld = true
    return () => {
      if (!isHeld) return
      isHeld = false
      const left = this.#held.get(digest)! - 1
      if (left > 0) return void this.#held.set(digest, left)
      this.#held.delete(digest)
      fs.rmSync(marker, { force: true })
    }
  }

  /** Holds the copies to their limit. */
  shrink(): Promise<number> {
    return this.#inTurn(async () => {
      const found = await this.#found()
      const total = found.reduce((sum, { size }) => sum + size, 0)
      return this.#remove(found, total - this.#options.limit)
    })
  }

  makeRoom(bytes = 0): Promise<number> {
    return this.#inTurn(async () => {
      const { folder } = this.#options
      fs.mkdirSync(folder, { recursive: true })
      const { bavail, blocks, bsize } = await statfs(folder)
      const kept = Math.min(blocks * bsize * FREE_SHARE, FREE_BYTES)
      const free = bavail * bsize
      if (free >= bytes + kept) return 0
      return this.#remove(await this.#found(), bytes + 2 * kept - free) // a look at all copies is worth more than one
    })
  }

  evict(): Promise<number> {
    return this.#inTurn(async () => this.#remove(await this.#found(), Infinity))
  }

  /** One after the other: what one has freed, the next need not. */
  #inTurn(work: () => Promise<number>): Promise<number> {
    const turn = this.#last.then(work)
    this.#last = turn.catch(() => {})
    return turn
  }

  /** The oldest first. */
  async #found(): Promise<Found[]> {
    const entries = await readdir(join(this.#options.folder, 'objects'), {
      recursive: true,
      withFileTypes: true,
    }).catch(() => [])
    const found: Found[] = []
    for (const entry of entries) {
      if (!entry.isFile()) continue
      const file = join(entry.parentPath, entry.name)
      const { size, mtimeMs: used } = (await stat(file).catch(() => undefined)) ?? {} // another process may evict, too
      if (size !== undefined) found.push({ file, size, used: used! })
    }
    return found.sort((one, other) => one.used - other.used)
  }

  async #remove(copies: readonly Found[], bytes: number): Promise<number> {
    const { folder } = this.#options
    let removed = 0
    if (bytes <= 0) return removed
    for (const left of leftovers(folder)) await rm(left, { recursive: true, force: true })
    const holders = namesIn(join(folder, 'tmp')).filter((name) => name.endsWith(HELD))
    const isHeld = (digest: string) => holders.some((name) => fs.existsSync(join(folder, 'tmp', name, digest)))
    for (const { file, size, used } of copies) {
      if (removed >= bytes) break
      const own = dirname(file)
      const isRecent = used > Date.now() - IN_USE_MS
      const mayBeInUse = isRecent && (!this.#options.areHeld || isCode(file))
      if (mayBeInUse || isHeld(basename(own))) continue
      await rm(file, { force: true })
      await rmdir(own).catch(() => {}) // it holds another copy
      removed += size
    }
    return removed
  }
}

/** Objects have no ending; what is loaded has one. Nobody holds it, and it is small. */
function isCode(file: string): boolean {
  return extname(file) !== ''
}

function namesIn(folder: string): string[] {
  try {
    return fs.readdirSync(folder)
  } catch {
    return []
  }
}
