import { existsSync, realpathSync, statSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { dirname, join, sep } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { isOwnPackage } from '@cairn/records'
import { ownFolder, packageImport, privateImport } from './exports.ts'

/** What a specifier resolves to in one folder. */
export type Resolved =
  /** A file of the project, or of a workspace or folder that is linked into the project. */
  | { readonly type: 'local'; readonly file: string }
  | { readonly type: 'package'; readonly name: string; readonly subpath: string; readonly folder: string }
  | { readonly type: 'builtin'; readonly name: string }
  /** A package of Cairn, which is not followed. */
  | { readonly type: 'cairn'; readonly specifier: string }
  /** A data file, which is read but not loaded. */
  | { readonly type: 'file'; readonly file: string }
  | { readonly type: 'missing'; readonly why: string; readonly next?: string }

/** Resolves imports by Node's rules, but without Node: in a process with resolve hooks, Node uses other conditions. */
export class Resolver {
  readonly #folders = new Map<string, string | undefined>()

  resolve(specifier: string, from: string): Resolved {
    if (/^(\.{0,2}\/|file:)/.test(specifier)) return local(new URL(specifier, pathToFileURL(from)))
    if (isBuiltin(specifier)) return { type: 'builtin', name: specifier.replace(/^(node:)?/, 'node:') }
    if (isOwnPackage(specifier)) return { type: 'cairn', specifier }
    if (/^[a-z]+:/.test(specifier)) return { type: 'missing', why: 'is neither a file nor a package' }

    if (specifier.startsWith('#')) return this.#private(specifier, from)
    const { name, subpath } = splitSpecifier(specifier)
    const folder = ownFolder(name, from) ?? this.packageFolder(name, dirname(from))
    if (folder === undefined) return NOT_FOUND
    return insideNodeModules(folder)
      ? { type: 'package', name, subpath, folder }
      : localFile(packageImport(folder, subpath))
  }

  #private(specifier: string, from: string): Resolved {
    const found = privateImport(specifier, from)
    if (!found) return NOT_FOUND
    return 'file' in found ? localFile(found.file) : this.resolve(found.specifier, found.from)
  }

  /** Real path of the nearest installed package of this name; undefined if there is none. */
  packageFolder(name: string, from: string): string | undefined {
    const key = `${from}\0${name}`
    if (this.#folders.has(key)) return this.#folders.get(key)
    const candidate = join(from, 'node_modules', name)
    const isHere = !from.endsWith(`${sep}node_modules`) && statSync(candidate, { throwIfNoEntry: false })?.isDirectory()
    const parent = dirname(from)
    const found = isHere ? realpathSync(candidate) : parent === from ? undefined : this.packageFolder(name, parent)
    this.#folders.set(key, found)
    return found
  }
}

function local(url: URL): Resolved {
  if (url.search || url.hash) return { type: 'missing', why: 'has a ? or # part, which makes it a separate module' }
  try {
    return { type: 'local', file: realpathSync(fileURLToPath(url)) }
  } catch {
    return { type: 'missing', why: 'does not exist' }
  }
}

const NOT_FOUND: Resolved = { type: 'missing', why: 'cannot be found' }

function localFile(file: string | undefined): Resolved {
  return file !== undefined && existsSync(file) ? { type: 'local', file: realpathSync(file) } : NOT_FOUND
}

/** Real path of the file that an import of a package loads; undefined if it does not exist. */
export function exactFile({ folder, subpath }: Extract<Resolved, { type: 'package' }>): string | undefined {
  const file = packageImport(folder, subpath)
  return file !== undefined && existsSync(file) ? realpathSync(file) : undefined
}

function splitSpecifier(specifier: string): { name: string; subpath: string } {
  const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
  return { name, subpath: `.${specifier.slice(name.length)}` }
}

function insideNodeModules(folder: string): boolean {
  return folder.includes(`${sep}node_modules${sep}`)
}
