import { realpathSync, statSync } from 'node:fs'
import { createRequire, isBuiltin } from 'node:module'
import { dirname, join, sep } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** What a specifier stands for in one folder. */
export type Resolved =
  /** A file of the project, or of a workspace or folder that is linked into it. */
  | { readonly type: 'local'; readonly file: string }
  | { readonly type: 'package'; readonly name: string; readonly subpath: string; readonly folder: string }
  | { readonly type: 'builtin'; readonly name: string }
  /** Cairn's own: not followed. */
  | { readonly type: 'cairn'; readonly specifier: string }
  | { readonly type: 'missing'; readonly why: string }

/** Resolves imports as Node does. */
export class Resolver {
  readonly #folders = new Map<string, string | undefined>()

  resolve(specifier: string, from: string): Resolved {
    if (/^(\.{0,2}\/|file:)/.test(specifier)) return local(new URL(specifier, pathToFileURL(from)))
    if (isBuiltin(specifier)) return { type: 'builtin', name: specifier.replace(/^(node:)?/, 'node:') }
    if (specifier.startsWith('@cairn/')) return { type: 'cairn', specifier }
    if (/^[a-z]+:/.test(specifier)) return { type: 'missing', why: 'is no file and no package' }

    const { name, subpath } = splitSpecifier(specifier)
    const folder = specifier.startsWith('#') ? undefined : this.packageFolder(name, dirname(from))
    if (folder && insideNodeModules(folder)) return { type: 'package', name, subpath, folder }
    return throughPackageJson(specifier, from)
  }

  /** The nearest installed package of this name, where its files really are. */
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
  if (url.search || url.hash) return { type: 'missing', why: 'is a module of its own by what stands behind ? or #' }
  try {
    return { type: 'local', file: realpathSync(fileURLToPath(url)) }
  } catch {
    return { type: 'missing', why: 'does not exist' }
  }
}

function throughPackageJson(specifier: string, from: string): Resolved {
  const file = exactFile(specifier, from)
  if (file === undefined) return { type: 'missing', why: 'cannot be found' }
  const folder = packageRoot(file)
  return folder ? { type: 'package', ...folder, subpath: specifier } : { type: 'local', file: realpathSync(file) }
}

/** Through `exports` and `imports` of package.json, on the conditions that hold for `import`. */
export function exactFile(specifier: string, from: string): string | undefined {
  try {
    const options = { conditions: new Set(['node', 'import', 'module-sync', 'node-addons']) }
    return createRequire(from).resolve(specifier, options as object)
  } catch {
    return undefined
  }
}

function splitSpecifier(specifier: string): { name: string; subpath: string } {
  const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
  return { name, subpath: `.${specifier.slice(name.length)}` }
}

function insideNodeModules(folder: string): boolean {
  return folder.includes(`${sep}node_modules${sep}`)
}

function packageRoot(file: string): { name: string; folder: string } | undefined {
  const at = file.lastIndexOf(`${sep}node_modules${sep}`)
  if (at === -1) return undefined
  const { name } = splitSpecifier(file.slice(at + '/node_modules/'.length).replaceAll(sep, '/'))
  return { name, folder: join(file.slice(0, at), 'node_modules', name) }
}
