import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { isOwnPackage, type PackageState } from '@cairn/records'
import type { Cache } from '../cache.ts'
import { digest, digestBytes } from '../digest.ts'
import { conditionsAsked } from './conditions.ts'
import type { Installed } from './installed-package.ts'
import { Lockfiles } from './lockfile.ts'
import { PackageFiles, readJson } from './package-files.ts'
import type { Resolver } from './resolve.ts'

/** The identity of an installed package: equal for two installations with the same code. */
export interface Package {
  readonly name: string
  readonly version: string
  /** Digest of the package and all its dependencies. */
  readonly integrity: string
}

/** An installed package as this process uses it. */
interface Used extends Installed {
  /** The conditions of `--conditions` by which its files are selected. */
  readonly conditions: readonly string[]
}

/** Identifies the code of an installed package, including all packages that it depends on. */
export class Packages {
  readonly #root: string
  readonly #resolver: Resolver
  readonly #cache: Cache
  readonly #lockfiles: Lockfiles
  readonly #known = new Map<string, Package>()
  readonly #installed = new Map<string, Used>()
  readonly #states = new Map<string, PackageState>()
  #patches: Map<string, string> | undefined

  constructor(root: string, resolver: Resolver, cache: Cache) {
    this.#root = root
    this.#resolver = resolver
    this.#cache = cache
    this.#lockfiles = new Lockfiles(cache)
  }

  at(folder: string): Package {
    let known = this.#known.get(folder)
    if (!known) this.#known.set(folder, (known = this.#describe(folder)))
    return known
  }

  /** The state of the files of a package and of each of its dependencies, by folder. */
  *states(folder: string): Iterable<readonly [folder: string, state: PackageState]> {
    const folders = new Set([folder])
    for (const next of folders) {
      for (const dependency of Object.values(this.#install(next).dependencies)) folders.add(dependency)
      yield [next, this.#states.get(next)!]
    }
  }

  /** Numbers the packages in the order in which they are reached, so that cycles and folders do not matter. */
  #describe(folder: string): Package {
    const numbers = new Map([[folder, 0]])
    const parts: string[] = []
    for (const next of numbers.keys()) {
      const { name, version, integrity, dependencies, conditions } = this.#install(next)
      if (conditions.length > 0) parts.push('conditions', ...conditions)
      const reached = Object.keys(dependencies).sort()
      parts.push(name, version, integrity, this.#patch(name, version), String(reached.length))
      for (const dependency of reached) {
        const target = dependencies[dependency]!
        if (!numbers.has(target)) numbers.set(target, numbers.size)
        parts.push(dependency, String(numbers.get(target)))
      }
    }
    const { name, version } = this.#install(folder)
    return { name, version, integrity: digest('package', parts) }
  }

  #install(folder: string): Used {
    let installed = this.#installed.get(folder)
    if (!installed) {
      const manifest = readJson(join(folder, 'package.json')) as Manifest
      const files = new PackageFiles(folder)
      const listed = this.#lockfiles.find(folder, files)
      // A lockfile with another version was left by another package manager.
      const own = listed && listed.version === manifest.version ? listed : this.#fromFiles(folder, manifest, files)
      installed = { ...own, conditions: conditionsAsked(manifest) }
      this.#installed.set(folder, installed)
      this.#states.set(folder, files.state)
    }
    return installed
  }

  /**
   * Describes a package by its own files if no lockfile of npm is valid for it: pnpm, Yarn, git, linked folders, manual
   * edits.
   */
  #fromFiles(folder: string, { name = '', version = '', ...manifest }: Manifest, files: PackageFiles): Installed {
    const wanted = {
      ...manifest.peerDependenciesMeta,
      ...manifest.peerDependencies,
      ...manifest.optionalDependencies,
      ...manifest.dependencies,
    }
    const dependencies: Record<string, string> = {}
    for (const dependency of Object.keys(wanted)) {
      if (isOwnPackage(dependency)) continue
      const found = this.#resolver.packageFolder(dependency, folder)
      const { os, cpu, libc } = found ? (readJson(join(found, 'package.json')) as Manifest) : {}
      if (found && !os && !cpu && !libc) dependencies[dependency] = found
    }
    return { name, version, integrity: files.contentDigest(this.#cache), dependencies }
  }

  #patch(name: string, version: string): string {
    this.#patches ??= findPatches(this.#root)
    return this.#patches.get(`${name}@${version}`) ?? this.#patches.get(name) ?? ''
  }
}

interface Manifest {
  readonly name?: string
  readonly version?: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly peerDependenciesMeta?: Readonly<Record<string, unknown>>
  readonly pnpm?: { readonly patchedDependencies?: Readonly<Record<string, string>> }
  readonly os?: unknown
  readonly cpu?: unknown
  readonly libc?: unknown
}

/** Digests of the patches of patch-package and pnpm that apply to a project, by `name@version` or `name`. */
function findPatches(root: string): Map<string, string> {
  const patches = new Map<string, string>()
  const add = (of: string, file: string) => {
    if (existsSync(file)) patches.set(of, digest('patch', [patches.get(of) ?? '', digestBytes(readFileSync(file))]))
  }
  for (let folder = root; ; folder = dirname(folder)) {
    const own = join(folder, 'patches')
    for (const file of existsSync(own) ? readdirSync(own).sort() : []) {
      // name+1.0.0.patch, @scope+name+1.0.0.patch, outer++inner+1.0.0+001+why.dev.patch
      const [, scope = '', name, version] =
        /(?:^|\+\+)(@[^+]+\+)?([^+]+)\+(\d[^+]*?)(?:\+.*)?(?:\.dev)?\.patch$/.exec(file) ?? []
      if (name) add(`${scope.replace('+', '/')}${name}@${version}`, join(own, file))
    }
    const { pnpm } = readJson(join(folder, 'package.json')) as Manifest
    for (const [of, file] of Object.entries(pnpm?.patchedDependencies ?? {})) add(of, join(folder, file))
    if (dirname(folder) === folder || existsSync(join(folder, 'node_modules', '.package-lock.json'))) return patches
  }
}
