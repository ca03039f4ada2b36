import { readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { packageStamp, type PackageFile } from '@cairn/files'
import type { PackageState } from '@cairn/records'
import type { Cache } from '../cache.ts'
import { digest, digestBytes } from '../digest.ts'

/** Parses a JSON file; returns an empty object if the file is missing or not JSON. */
export function readJson(file: string): object {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as object
  } catch {
    return {}
  }
}

/**
 * In ms. File times have a limited resolution, so two writes in quick succession may leave the same time. The digest of
 * files that changed less than this ago is not cached.
 */
const SETTLED_MS = 2_000

/** The current files of an installed package. Their contents are read only for the digest. */
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
   * Whether the files are as they were when npm wrote the lockfile: none was modified later, and none was replaced by
   * an older file. After a copy of the whole node_modules folder, all files of a package are newer than the lockfile,
   * not just some.
   *
   * @param lockfile when it was modified and when it was changed in any way, in nanoseconds
   */
  areOlderThan(lockfile: { readonly writtenAt: bigint; readonly changedAt: bigint }): boolean {
    const younger = this.#files.filter(({ changedAt }) => changedAt > lockfile.changedAt).length
    const isWhole = younger === 0 || younger === this.#files.length
    return isWhole && this.#files.every(({ writtenAt }) => writtenAt <= lockfile.writtenAt)
  }

  /** Digest of the contents of all files, cached until any of them changes. */
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
