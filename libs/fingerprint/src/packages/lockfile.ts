import { statSync, type BigIntStats } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import { isOwnPackage } from '@cairn/records'
import type { Cache } from '../cache.ts'
import { readJson, type PackageFiles } from './package-files.ts'
import type { Installed } from './installed-package.ts'

/** An entry of npm's lockfile. */
interface Entry {
  readonly name?: string
  readonly version?: string
  readonly integrity?: string
  readonly link?: boolean
  readonly resolved?: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  /** May contain names that are not in `peerDependencies`: `debug` lists `supports-color` only here. */
  readonly peerDependenciesMeta?: Readonly<Record<string, unknown>>
  readonly os?: unknown
  readonly cpu?: unknown
  readonly libc?: unknown
}

/**
 * Reads `node_modules/.package-lock.json`, which npm writes last, with what it has installed. The file is long, so
 * entries are cached until the file changes.
 */
export class Lockfiles {
  readonly #cache: Cache
  readonly #opened = new Map<string, Lockfile | undefined>()

  constructor(cache: Cache) {
    this.#cache = cache
  }

  /**
   * The entry of a package; undefined if no lockfile lists the package, or if its files were changed after the
   * lockfile.
   */
  find(folder: string, files: PackageFiles): Installed | undefined {
    for (let above = dirname(folder); above !== dirname(above); above = dirname(above)) {
      const lockfile = this.#open(above)
      const found = lockfile?.find(folder)
      if (found) return files.areOlderThan(lockfile!) ? found : undefined
    }
    return undefined
  }

  #open(folder: string): Lockfile | undefined {
    if (!this.#opened.has(folder)) {
      const file = join(folder, 'node_modules', '.package-lock.json')
      const stat = statSync(file, { bigint: true, throwIfNoEntry: false })
      const stamp = stat && `${file} ${stat.size} ${stat.mtimeNs} ${stat.ctimeNs} ${stat.ino}`
      this.#opened.set(folder, stat && stamp ? new Lockfile(folder, file, stat, stamp, this.#cache) : undefined)
    }
    return this.#opened.get(folder)
  }
}

class Lockfile {
  /** Modification time and change time, in nanoseconds. */
  readonly writtenAt: bigint
  readonly changedAt: bigint
  readonly #folder: string
  readonly #file: string
  readonly #stamp: string
  readonly #cache: Cache
  /** Null if the lockfile has no complete entry. */
  readonly #found: Record<string, Installed | null>
  #entries: Readonly<Record<string, Entry>> | undefined

  constructor(folder: string, file: string, { mtimeNs, ctimeNs }: BigIntStats, stamp: string, cache: Cache) {
    this.writtenAt = mtimeNs
    this.changedAt = ctimeNs
    this.#folder = folder
    this.#file = file
    this.#stamp = `lockfile:${encodeURIComponent(stamp)}`
    this.#cache = cache
    this.#found = cache.get<Record<string, Installed | null>>(this.#stamp) ?? {}
  }

  find(folder: string): Installed | undefined {
    const key = relative(this.#folder, folder).split(sep).join('/')
    if (Object.hasOwn(this.#found, key)) return this.#found[key] ?? undefined
    const found = this.#read(key)
    this.#found[key] = found ?? null
    this.#cache.set(this.#stamp, this.#found)
    return found
  }

  #read(key: string): Installed | undefined {
    this.#entries ??= (readJson(this.#file) as { packages?: Record<string, Entry> }).packages ?? {}
    const entry = this.#entries[key]
    if (!entry?.integrity || entry.version === undefined) return undefined
    const wanted = {
      ...entry.peerDependenciesMeta,
      ...entry.peerDependencies,
      ...entry.optionalDependencies,
      ...entry.dependencies,
    }
    const dependencies: Record<string, string> = {}
    for (const name of Object.keys(wanted)) {
      const found = isOwnPackage(name) ? undefined : this.#locate(name, key)
      if (found !== undefined) dependencies[name] = join(this.#folder, found)
    }
    const { name = key.slice(key.lastIndexOf('node_modules/') + 'node_modules/'.length), version, integrity } = entry
    return { name, version, integrity, dependencies }
  }

  /** The package that Node would find from inside another one. Leaves out packages for one platform only. */
  #locate(name: string, from: string): string | undefined {
    for (let folder = from; ; folder = folder.slice(0, Math.max(folder.lastIndexOf('/'), 0))) {
      const key = `${folder && `${folder}/`}node_modules/${name}`
      const entry = folder.endsWith('node_modules') ? undefined : this.#entries![key]
      if (entry) return entry.os || entry.cpu || entry.libc ? undefined : entry.link ? entry.resolved : key
      if (folder === '') return undefined
    }
  }
}
