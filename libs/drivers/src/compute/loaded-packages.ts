import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { dirname, join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { packageStamp } from '@cairn/files'
import { isOwnPackage, type PackageStates } from '@cairn/records'

/** Records which packages this process loads, by import or by require. Import this module before all others. */

interface LoadedPackage {
  /** State of its files when the first of them was loaded. Node never loads a module again. */
  readonly stamp: string
  /** Folders of the packages that it imports. */
  readonly uses: Set<string>
}

const packages = new Map<string, LoadedPackage>()
const files = new Set<string>()

/** Returns the number of package files loaded so far. */
export function loadedFiles(): number {
  return files.size
}

registerHooks({
  resolve(specifier, context, next) {
    const found = next(specifier, context)
    if (found.url.startsWith('file:') && !files.has(found.url)) recordPackage(found.url)
    if (context.parentURL?.startsWith('file:') && found.url.startsWith('file:'))
      recordImport(context.parentURL, found.url)
    return found
  },
})

function recordPackage(url: string): void {
  const folder = folderOf(url)
  if (folder === undefined) return
  files.add(url)
  if (!packages.has(folder)) packages.set(folder, { stamp: stampNow(folder), uses: new Set() })
}

function recordImport(from: string, to: string): void {
  const importer = packages.get(folderOf(from) ?? '')
  const imported = folderOf(to) ?? (importer && linkedFolderOf(to))
  if (importer && imported !== undefined) importer.uses.add(imported)
}

function stampNow(folder: string): string {
  try {
    return packageStamp(folder).stamp
  } catch {
    return '' // the package is being replaced: an empty stamp equals no other
  }
}

const folders = new Map<string, string | undefined>()

/**
 * Returns the folder of the installed package that a file belongs to. Undefined for Cairn's own packages, which keys do
 * not cover.
 */
function folderOf(url: string): string | undefined {
  if (folders.has(url)) return folders.get(url)
  const file = fileURLToPath(url.split(/[?#]/)[0]!)
  const start = file.lastIndexOf(INSTALLED) + INSTALLED.length
  const parts = file.slice(start).split(sep, file[start] === '@' ? 2 : 1)
  const installed = isOwnPackage(parts.join('/')) ? undefined : file.slice(0, start) + parts.join(sep)
  const found = start < INSTALLED.length ? linked.get(dirname(file)) : installed
  folders.set(url, found)
  return found
}

const INSTALLED = `${sep}node_modules${sep}`

/**
 * Packages outside `node_modules` that are linked into it, such as workspaces: their folder, by the folders of their
 * files.
 */
const linked = new Map<string, string>()

/** Returns the package folder of a file outside `node_modules` that a package imports. */
function linkedFolderOf(url: string): string | undefined {
  const file = fileURLToPath(url.split(/[?#]/)[0]!)
  for (let folder = dirname(file); folder !== dirname(folder); folder = dirname(folder)) {
    const { name } = packageJson(folder)
    if (name === undefined) continue
    if (isOwnPackage(name)) return undefined
    linked.set(dirname(file), folder)
    folders.delete(url)
    recordPackage(url)
    return folder
  }
  return undefined
}

function packageJson(folder: string): { readonly name?: string } & Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { name?: string }
  } catch {
    return {}
  }
}

/** Returns the folder of a package that this process has loaded in another state than the given one, if any. */
export function loadedInOtherState(wanted: PackageStates): string | undefined {
  return Object.keys(wanted).find((folder) => {
    const loaded = packages.get(folder)
    return loaded && loaded.stamp !== wanted[folder]!.stamp
  })
}

/**
 * Returns a package that one of the given packages imports, although it is not given itself: keys do not cover it.
 *
 * @param wanted packages that the key covers
 * @returns the names of both packages; undefined if there is none
 */
export function uncoveredImport(
  wanted: PackageStates,
): { readonly importer: string; readonly imported: string } | undefined {
  for (const importer of Object.keys(wanted))
    for (const imported of packages.get(importer)?.uses ?? [])
      if (imported !== importer && !Object.hasOwn(wanted, imported) && !isForOnePlatform(imported))
        return { importer: packageJson(importer).name ?? importer, imported: packageJson(imported).name ?? imported }
  return undefined
}

/** Returns whether a package is a build for one platform. Such packages are recorded, but not part of keys. */
function isForOnePlatform(folder: string): boolean {
  const { os, cpu, libc } = packageJson(folder)
  return os !== undefined || cpu !== undefined || libc !== undefined
}
