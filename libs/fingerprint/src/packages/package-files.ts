import { readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { packageStamp, type PackageFile } from '@cairn/files'
import type { PackageState } from '@cairn/records'
import type { Cache } from '../cache.ts'
import { digest, digestBytes } from '../digest.ts'

/** An empty object where there is no such file, or no JSON in it. */
export function readJson(file: string): object {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as object
  } catch {
    return {}
  }
}

/** Times of files have steps: one that is written twice within one looks the same afterwards. Milliseconds. */
const SETTLED_MS = 2_000

/** The files of an installed package as they are now, without reading them. */
export class PackageFiles {
  readonly state: PackageState
  readonly #folder: string
  readonly #files: readonly PackageFile[]

  constructor(folder: string) {
    const { stamp, files, changedAt } = packageStamp(folder)
    this.state = { stamp, changedAt: Number(changedAt / 1_000_000n) }
    this.#folder = folder
    this.#files = files
  }

  /**
   * Whether they are as they were installed when a lockfile was written: none was written later, and none was put in the
   * place of an older one. In a copy of all of node_modules every file of a package is as young as the others.
   *
   * @param lockfile when that was written, and when it was changed in any way: in nanoseconds
   */
  areOlderThan(lockfile: { readonly writtenAt: bigint; readonly changedAt: bigint }): boolean {
    const younger = this.#files.filter(({ changedAt }) => changedAt > lockfile.changedAt).length
    const isWhole = younger === 0 || younger === this.#files.length
    return isWhole && this.#files.every(({ writtenAt }) => writtenAt <= lockfile.writtenAt)
  }

  /** Of all that is in them. Kept for as long as every one of them stays the same file. */
  contentDigest(cache: Cache): string {
    const key = `files:${this.state.stamp}`
    const known = cache.get<string>(key)
    if (known !== undefined) return known
    const computed = digest('files', [...this.#contents()])
    if (Date.now() - this.state.changedAt > SETTLED_MS) cache.set(key, computed)
    return computed
  }

  *#contents(): Generator<string> {
    for (const { path, isLink } of this.#files)
      if (isLink) yield* ['link', path, readlinkSync(join(this.#folder, path))]
      else yield* ['file', path, digestBytes(readFileSync(join(this.#folder, path)))]
  }
}
