import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
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

/** The files of an installed package as they are now, without reading them. */
export class PackageFiles {
  /** When the last of them was written, in nanoseconds. */
  readonly writtenAt: bigint
  readonly #folder: string
  readonly #stamp: string

  constructor(folder: string) {
    const stamps = [folder]
    let writtenAt = 0n
    for (const { path } of entries(folder, '')) {
      const { size, mtimeNs, ctimeNs, ino } = lstatSync(join(folder, path), { bigint: true })
      stamps.push(`${path} ${size} ${mtimeNs} ${ctimeNs} ${ino}`)
      if (mtimeNs > writtenAt) writtenAt = mtimeNs
    }
    this.#folder = folder
    this.#stamp = digest('stamps', stamps)
    this.writtenAt = writtenAt
  }

  /** Of all that is in them. Kept for as long as every one of them stays the same file. */
  contentDigest(cache: Cache): string {
    const key = `files:${this.#stamp}`
    const known = cache.get<string>(key)
    if (known !== undefined) return known
    const computed = digest('files', [...contents(this.#folder)])
    cache.set(key, computed)
    return computed
  }
}

function* contents(folder: string): Generator<string> {
  for (const { path, isLink } of entries(folder, ''))
    if (isLink) yield* ['link', path, readlinkSync(join(folder, path))]
    else yield* ['file', path, digestBytes(readFileSync(join(folder, path)))]
}

function* entries(folder: string, path: string): Generator<{ readonly path: string; readonly isLink: boolean }> {
  const found = readdirSync(join(folder, path), { withFileTypes: true })
  for (const entry of found.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const inner = path ? `${path}/${entry.name}` : entry.name
    if (entry.isDirectory()) {
      if (entry.name !== 'node_modules') yield* entries(folder, inner)
    } else if (entry.isSymbolicLink() || entry.isFile()) yield { path: inner, isLink: entry.isSymbolicLink() }
  }
}
