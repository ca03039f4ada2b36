import * as fs from 'node:fs'
import { readdir, rm, rmdir, stat, statfs } from 'node:fs/promises'
import { basename, dirname, extname, join } from 'node:path'
import type { LocalCopies } from '../local-copies.ts'
import { leftovers } from '../folder-leftovers.ts'

export interface EvictionOptions {
  /** The folder with `objects/`, which has the copies, and `tmp/`. */
  readonly folder: string
  /** Name of this process in `tmp/`. */
  readonly process: string
  /** Maximum size of all copies, in bytes. */
  readonly limit: number
  /** Whether every user of a copy holds it. If not, copies that were used recently are never deleted. */
  readonly areHeld: boolean
}

/** If users do not hold copies, one that was fetched within this time may not have been opened yet. */
const IN_USE_MS = 10 * 60_000
/** Code that was used within this time may still be loaded by its path. It is small. */
const CODE_IN_USE_MS = 30 * 24 * 60 * 60_000
/** Share of the disk that stays free for other users. */
const FREE_SHARE = 0.1
/** Maximum of that share, in bytes. */
const FREE_BYTES = 1e9
/** Suffix of a folder in `tmp/` with one file for each copy that a process holds. */
const HELD = '-held'

interface Found {
  readonly file: string
  readonly size: number
  /** Time of its last use in milliseconds since 1970, accurate to a minute. */
  readonly used: number
}

/** Deletes copies, the least recently used first, when they exceed their limit or their disk runs out of space. */
export class Eviction implements LocalCopies {
  readonly #options: EvictionOptions
  readonly #held = new Map<string, number>()
  #running: Promise<unknown> = Promise.resolve()

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
      fs.writeFileSync(marker, '') // an empty file needs no block, so this works on a full disk
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

  /** Deletes copies until they are within their limit. */
  shrink(): Promise<number> {
    return this.#exclusively(async () => {
      const found = await this.#found()
      const total = found.reduce((sum, { size }) => sum + size, 0)
      return this.#remove(found, total - this.#options.limit)
    })
  }

  makeRoom(bytes = 0): Promise<number> {
    return this.#exclusively(async () => {
      const { folder } = this.#options
      fs.mkdirSync(folder, { recursive: true })
      const { bavail, blocks, bsize } = await statfs(folder)
      const kept = Math.min(blocks * bsize * FREE_SHARE, FREE_BYTES)
      const free = bavail * bsize
      if (free >= bytes + kept) return 0
      // More than needed, because listing all copies is expensive.
      return this.#remove(await this.#found(), bytes + 2 * kept - free)
    })
  }

  evict(): Promise<number> {
    return this.#exclusively(async () => this.#remove(await this.#found(), Infinity))
  }

  async diskSize(): Promise<number> {
    const { blocks, bsize } = await statfs(this.#options.folder)
    return blocks * bsize
  }

  /** Runs one deletion at a time, because each may free enough for the next. */
  #exclusively(work: () => Promise<number>): Promise<number> {
    const turn = this.#running.then(work)
    this.#running = turn.catch(() => {})
    return turn
  }

  /** Lists all copies, the least recently used first. */
  async #found(): Promise<Found[]> {
    const entries = await readdir(join(this.#options.folder, 'objects'), {
      recursive: true,
      withFileTypes: true,
    }).catch(() => [])
    const found: Found[] = []
    for (const entry of entries) {
      if (!entry.isFile()) continue
      const file = join(entry.parentPath, entry.name)
      // Another process may delete copies, too.
      const { size, mtimeMs: used } = (await stat(file).catch(() => undefined)) ?? {}
      if (size !== undefined) found.push({ file, size, used: used! })
    }
    return found.sort((one, other) => one.used - other.used)
  }

  async #remove(copies: readonly Found[], bytes: number): Promise<number> {
    const { folder } = this.#options
    let removed = 0
    if (bytes <= 0) return removed
    for (const left of leftovers(folder)) await rm(left, { recursive: true, force: true })
    const isHeld = (digest: string) => {
      const holders = namesIn(join(folder, 'tmp')).filter((name) => name.endsWith(HELD))
      return holders.some((name) => fs.existsSync(join(folder, 'tmp', name, digest)))
    }
    for (const { file, size, used } of copies) {
      if (removed >= bytes) break
      const own = dirname(file)
      const age = Date.now() - used
      const mayBeInUse = isCode(file) ? age < CODE_IN_USE_MS : !this.#options.areHeld && age < IN_USE_MS
      if (mayBeInUse || isHeld(basename(own))) continue
      await rm(file, { force: true })
      await rmdir(own).catch(() => {}) // fails if it contains another copy
      removed += size
    }
    return removed
  }
}

/** Objects have no file extension, but code does. Code is small and never held. */
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
