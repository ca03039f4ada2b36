import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { dirname, join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { packageStamp } from '@cairn/files'
import type { PackageStates } from '@cairn/records'

/** Notes from here on which packages this process loads, by import and by require: to be imported before all else. */

interface LoadedPackage {
  /** The state of its files when the first of them was loaded; what Node has loaded, it never loads again. */
  readonly stamp: string
  /** Folders of the packages that it has loaded. */
  readonly uses: Set<string>
}

const packages = new Map<string, LoadedPackage>()
const files = new Set<string>()

/** How many files of packages have been loaded so far. */
export function loadedFiles(): number {
  return files.size
}

registerHooks({
  resolve(specifier, context, next) {
    const found = next(specifier, context)
    if (found.url.startsWith('file:') && !files.has(found.url)) note(found.url)
    if (context.parentURL?.startsWith('file:') && found.url.startsWith('file:')) link(context.parentURL, found.url)
    return found
  },
})

function note(url: string): void {
  const folder = folderOf(url)
  if (folder === undefined) return
  files.add(url)
  if (!packages.has(folder)) packages.set(folder, { stamp: stampNow(folder), uses: new Set() })
}

function link(from: string, to: string): void {
  const importer = packages.get(folderOf(from) ?? '')
  const imported = folderOf(to) ?? (importer && linkedFolderOf(to))
  if (importer && imported !== undefined) importer.uses.add(imported)
}

function stampNow(folder: string): string {
  try {
    return packageStamp(folder).stamp
  } catch {
    return '' // it is being replaced: no state that anything was planned with
  }
}

const folders = new Map<string, string | undefined>()

/** The folder of the installed package that a file belongs to. Undefined for Cairn's own packages: no key counts them. */
function folderOf(url: string): string | undefined {
  if (folders.has(url)) return folders.get(url)
  const file = fileURLToPath(url.split(/[?#]/)[0]!)
  const start = file.lastIndexOf(INSTALLED) + INSTALLED.length
  const folder =
    start < INSTALLED.length
      ? linked.get(dirname(file))
      : file.slice(0, start) +
        file
          .slice(start)
          .split(sep, file[start] === '@' ? 2 : 1)
          .join(sep)
  const found = folder?.includes(`${INSTALLED}@cairn${sep}`) ? undefined : folder
  folders.set(url, found)
  return found
}

const INSTALLED = `${sep}node_modules${sep}`

/** Folders of workspaces and others that are linked into node_modules, by the folders of their files. */
const linked = new Map<string, string>()

/** Of a file outside node_modules that a package imports. */
function linkedFolderOf(url: string): string | undefined {
  const file = fileURLToPath(url.split(/[?#]/)[0]!)
  for (let folder = dirname(file); folder !== dirname(folder); folder = dirname(folder)) {
    const { name } = packageJson(folder)
    if (name === undefined) continue
    if (name.startsWith('@cairn/')) return undefined
    linked.set(dirname(file), folder)
    folders.delete(url)
    note(url)
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

/** A package that this process has loaded in another state than the given one. */
export function loadedOtherwise(wanted: PackageStates): string | undefined {
  return Object.keys(wanted).find((folder) => {
    const loaded = packages.get(folder)
    return loaded && loaded.stamp !== wanted[folder]!.stamp
  })
}

/** A package that one of those given has loaded, though it is none of them: no key counts it. */
export function loadedBesides(
  wanted: PackageStates,
): { readonly importer: string; readonly imported: string } | undefined {
  for (const importer of Object.keys(wanted))
    for (const imported of packages.get(importer)?.uses ?? [])
      if (imported !== importer && !Object.hasOwn(wanted, imported) && !isForOnePlatform(imported))
        return { importer: packageJson(importer).name ?? importer, imported: packageJson(imported).name ?? imported }
  return undefined
}

/** Builds for a platform are recorded, and do not count. */
function isForOnePlatform(folder: string): boolean {
  const { os, cpu, libc } = packageJson(folder)
  return os !== undefined || cpu !== undefined || libc !== undefined
}
