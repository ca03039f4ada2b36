import { realpathSync } from 'node:fs'
import { join } from 'node:path'
import { CairnError } from '@cairn/kernel'
import type { Manifest, PackageStates } from '@cairn/records'
import { Cache } from '../cache.ts'
import { Packages, type Package } from './packages.ts'
import { Resolver } from './resolve.ts'

/** Options of `packageExaminer`. */
export interface PackageExaminerOptions {
  /** The project's folder, where the code finds its packages. */
  readonly root: string
  /** Folder of the cache. */
  readonly cache: string
}

/**
 * Returns a function that checks whether the packages of stored code are installed here, in the same versions and with
 * the same contents. It returns their current states, or an error MISFIT that names the first difference.
 */
export function packageExaminer({
  root: folder,
  cache: folderOfCache,
}: PackageExaminerOptions): (manifest: Manifest) => PackageStates | CairnError {
  const cache = new Cache(folderOfCache)
  return (manifest) => {
    const node = Number(process.versions.node.split('.')[0])
    if (manifest.node !== node)
      return new CairnError(
        'MISFIT',
        `the code was planned for Node ${manifest.node}, but this process runs Node ${node}`,
        {
          next: `plan the run with Node ${node}, or run it with Node ${manifest.node}`,
        },
      )
    if (manifest.packages.length === 0) return {}
    try {
      const { here, states } = packagesHere(manifest, realpathSync(folder), cache)
      const other = manifest.packages.find((wanted) => !here.some((each) => isSame(each, wanted)))
      return other ? misfit(other, here) : states
    } catch (error) {
      // Packages may be being installed at this moment.
      const reason = error instanceof Error ? error.message : String(error)
      return new CairnError('MISFIT', `the installed packages cannot be read: ${reason}`, { next: 'npm install' })
    } finally {
      cache.save()
    }
  }
}

function isSame(a: Package, b: Package): boolean {
  return a.name === b.name && a.version === b.version && a.integrity === b.integrity
}

function misfit(wanted: Package, here: readonly Package[]): CairnError {
  const found = here.filter(({ name }) => name === wanted.name)
  const what = `the code was planned with ${wanted.name}@${wanted.version}, but ${differently(wanted, found)}`
  return new CairnError('MISFIT', what, {
    next: `npm install ${wanted.name}@${wanted.version}, or plan the run again with the installed version`,
  })
}

function differently(wanted: Package, found: readonly Package[]): string {
  if (found.length === 0) return 'it is not installed here'
  if (found.some(({ version }) => version === wanted.version))
    return 'its files here, or those of a dependency, are different'
  return `this machine has ${found.map(({ version }) => `${wanted.name}@${version}`).join(', ')}`
}

/** The packages that the imports of the code resolve to here. */
function packagesHere({ imports }: Manifest, root: string, cache: Cache): { here: Package[]; states: PackageStates } {
  const resolver = new Resolver()
  const packages = new Packages(root, resolver, cache)
  const folders = Object.entries(imports).flatMap(([specifier, folder]) => {
    const resolved = resolver.resolve(specifier, join(root, folder, 'closure.mjs'))
    return resolved.type === 'package' ? [resolved.folder] : []
  })
  const here = folders.map((folder) => packages.at(folder))
  return { here, states: Object.fromEntries(folders.flatMap((folder) => [...packages.states(folder)])) }
}
