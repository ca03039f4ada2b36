import { existsSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { conditions } from './conditions.ts'
import { readJson } from './package-files.ts'

type Target = string | null | readonly Target[] | { readonly [condition: string]: Target }
interface PackageJson {
  readonly name?: string
  readonly main?: string
  readonly exports?: Target
  readonly imports?: { readonly [name: string]: Target }
}

/** Resolves a `#name` to a file, or to the specifier that package.json maps it to; undefined if it is not mapped. */
export function privateImport(
  specifier: string,
  from: string,
): { readonly file: string } | { readonly specifier: string; readonly from: string } | undefined {
  const scope = scopeOf(dirname(from))
  const found = scope?.json.imports && lookUp(scope.json.imports, specifier)
  if (typeof found !== 'string') return undefined
  if (!found.startsWith('./'))
    return /^(\.\.\/|\/|#)/.test(found) || URL.canParse(found)
      ? undefined
      : { specifier: found, from: join(scope!.folder, 'package.json') }
  const file = inside(scope!.folder, found)
  return file === undefined ? undefined : { file }
}

/** The folder of the package that contains a file, if that package can import itself by this name. */
export function ownFolder(name: string, from: string): string | undefined {
  const scope = scopeOf(dirname(from))
  return scope?.json.name === name && scope.json.exports !== undefined && scope.json.exports !== null
    ? scope.folder
    : undefined
}

/** The file that `import` loads for a subpath (`.` or `./x`) of the package in a folder; undefined if there is none. */
export function packageImport(folder: string, subpath: string): string | undefined {
  const { exports, main } = readPackage(folder) ?? {}
  if (exports !== undefined && exports !== null) return exported(folder, exports, subpath)
  if (subpath !== '.') return inside(folder, subpath)
  const places = main === undefined ? [] : [main, `${main}.js`, `${main}.json`, `${main}.node`]
  for (const place of [...places, ...(main === undefined ? [] : [`${main}/index.js`]), 'index.js']) {
    const file = inside(folder, `./${place.replace(/^\.\//, '')}`)
    if (file !== undefined && statSync(file, { throwIfNoEntry: false })?.isFile()) return file
  }
  return undefined
}

function exported(folder: string, exports: Target, subpath: string): string | undefined {
  const isMap = isConditions(exports) && Object.keys(exports).some((key) => key.startsWith('.'))
  const found = isMap ? lookUp(exports, subpath) : subpath === '.' ? choose(exports, '') : undefined
  return typeof found === 'string' && found.startsWith('./') ? inside(folder, found) : undefined
}

/** The target of the entry with this name, or else of the matching pattern with the longest prefix. */
function lookUp(entries: { readonly [key: string]: Target }, name: string): string | null | undefined {
  if (Object.hasOwn(entries, name) && !name.includes('*')) return choose(entries[name]!, '')
  const patterns = Object.keys(entries).filter((key) => {
    const [before, after, ...more] = key.split('*') as [string, string?, ...string[]]
    return (
      after !== undefined &&
      more.length === 0 &&
      name.startsWith(before) &&
      name !== before &&
      name.length >= key.length &&
      name.endsWith(after)
    )
  })
  const [best] = patterns.sort((a, b) => b.indexOf('*') - a.indexOf('*') || b.length - a.length)
  if (best === undefined) return undefined
  const [before, after] = best.split('*') as [string, string]
  return choose(entries[best]!, name.slice(before.length, name.length - after.length))
}

/** The target of the first condition, in source order, that applies and leads to a target. */
function choose(target: Target, star: string): string | null | undefined {
  if (typeof target === 'string') return target.replaceAll('*', () => star)
  if (target === null) return null
  if (Array.isArray(target)) {
    let last: string | null | undefined
    for (const each of target as readonly Target[]) {
      last = choose(each, star)
      if (typeof last === 'string' && last.startsWith('./')) return last
    }
    return last
  }
  const holding = conditions()
  for (const [condition, inner] of Object.entries(target)) {
    if (!holding.has(condition)) continue
    const found = choose(inner, star)
    if (found !== undefined) return found
  }
  return undefined
}

function isConditions(target: Target): target is { readonly [condition: string]: Target } {
  return typeof target === 'object' && target !== null && !Array.isArray(target)
}

/** The file at a relative URL, as Node resolves it; undefined if it leads out of the package or into another one. */
function inside(folder: string, relative: string): string | undefined {
  if (/(^|[\\/])(\.\.?|node_modules)([\\/]|$)/i.test(relative.slice(2)) || /%2f|%5c/i.test(relative)) return undefined
  return fileURLToPath(new URL(relative, pathToFileURL(join(folder, 'package.json'))))
}

/** The folder of the package that contains a file. */
export function packageFolder(from: string): string | undefined {
  return scopeOf(dirname(from))?.folder
}

function scopeOf(folder: string): { folder: string; json: PackageJson } | undefined {
  for (let above = folder; ; above = dirname(above)) {
    if (above.endsWith('node_modules')) return undefined
    const json = readPackage(above)
    if (json) return { folder: above, json }
    if (above === dirname(above)) return undefined
  }
}

function readPackage(folder: string): PackageJson | undefined {
  const file = join(folder, 'package.json')
  return existsSync(file) ? readJson(file) : undefined
}
