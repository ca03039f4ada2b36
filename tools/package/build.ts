import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { basename, dirname, extname, join, relative, resolve } from 'node:path'
import { bundle, isNeverLoaded, ROOT } from '../setup/bundle.ts'
import { bundleDeclarations } from './declarations.ts'
import { manifestOf } from './manifest.ts'
import { noticesOf } from './notices.ts'
import { moduleName, packageOf, PUBLISHED, type Published } from './packages.ts'

/** Builds a package into a folder, with everything that is published. */
export async function buildPackage(published: Published, folder: string): Promise<void> {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const { exports = {}, programs = {}, files = {}, sourcemap = true } = published
  const entries = namedEntries(exports)
  const external = (id: string) => isExternal(published, id)

  const used = new Set<string>()
  const bundled = new Set<string>()
  for (const part of new Set([...Object.keys(programs), ...(Object.keys(exports).length > 0 ? ['.'] : [])])) {
    const all = { ...programs[part], ...(part === '.' ? entries : {}) }
    const dir = join(folder, 'dist', part)
    const chunks = await bundle(all, { dir, external, sourcemap, sourcemapPathTransform: fromRepository })
    const own = new Set(chunks.map(({ fileName }) => fileName))
    for (const { imports, dynamicImports, moduleIds } of chunks) {
      for (const id of [...imports, ...dynamicImports])
        if (!own.has(id) && !isBuiltin(id) && !isNeverLoaded(id)) used.add(id)
      for (const id of moduleIds) bundled.add(id)
    }
  }
  const typed = Object.fromEntries(Object.entries(entries).filter(([, source]) => extname(source) === '.ts'))
  if (Object.keys(typed).length > 0)
    await bundleDeclarations(typed, (id) => external(id) || isOther(id), join(folder, 'dist'))

  for (const [place, source] of Object.entries({ ...files, LICENSE: 'LICENSE', 'CHANGELOG.md': 'CHANGELOG.md' })) {
    mkdirSync(dirname(join(folder, place)), { recursive: true })
    cpSync(join(ROOT, source), join(folder, place), { recursive: true })
  }
  writeFileSync(join(folder, 'README.md'), readmeOf(published))
  const notices = noticesOf(bundled)
  if (notices !== '') writeFileSync(join(folder, 'THIRD-PARTY-NOTICES.txt'), notices)
  const manifest = manifestOf(published, { used, entries })
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, undefined, 2)}\n`)
}

/** Source maps name the files of the repository, wherever it was built. */
function fromRepository(source: string, map: string): string {
  return relative(ROOT, resolve(dirname(map), source))
}

/** The modules that a package exports, by their names in the bundle: `./kinds/testing` is `kinds-testing`. */
function namedEntries(exports: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(exports).map(([subpath, source]) => [moduleName(subpath), source]))
}

/** Whether a package leaves an import to the packages that its users install. */
function isExternal({ name, bundlesOthers = false, optionalPeers = [] }: Published, specifier: string): boolean {
  const imported = packageOf(specifier)
  if (bundlesOthers) return optionalPeers.includes(imported)
  return isOther(specifier) || PUBLISHED.some((other) => other.name === imported && other.name !== name)
}

/** Whether an import is of a package of others. The compiler's helpers are always part of a bundle. */
function isOther(specifier: string): boolean {
  return /^(@[a-z]|[a-z][^:]*$)/.test(specifier) && !/^@(cairn|oxc-project)\//.test(specifier)
}

function readmeOf({ name, description }: Published): string {
  const own = join(ROOT, 'tools', 'package', 'readme', `${basename(name)}.md`)
  return `# ${name}\n\n${description}\n\n${readFileSync(own, 'utf8')}`
}
