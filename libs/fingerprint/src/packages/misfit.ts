import { realpathSync } from 'node:fs'
import { join } from 'node:path'
import { CairnError, type Manifest } from '@cairn/kernel'
import { Cache } from '../cache.ts'
import { Packages, type Package } from './packages.ts'
import { Resolver } from './resolve.ts'

export interface MisfitOptions {
  /** Where the code finds its packages: the project's folder. */
  readonly root: string
  /** Folder for what is remembered between two calls. */
  readonly cache: string
}

/** Why stored code would be other code here than what its fingerprint counts: another Node, or other packages. */
export function misfit(manifest: Manifest, { root, cache: folder }: MisfitOptions): CairnError | undefined {
  const node = Number(process.versions.node.split('.')[0])
  if (manifest.node !== node)
    return new CairnError('MISFIT', `the code was planned for Node ${manifest.node}, and this is Node ${node}`, {
      next: `plan the run with Node ${node}, or run it with Node ${manifest.node}`,
    })
  if (manifest.packages.length === 0) return undefined
  const cache = new Cache(folder)
  const here = packagesHere(manifest, realpathSync(root), cache)
  cache.save()
  const other = manifest.packages.find(
    ({ name, version, integrity }) =>
      !here.some((each) => each.name === name && each.version === version && each.integrity === integrity),
  )
  if (!other) return undefined
  const found = here.filter(({ name }) => name === other.name)
  return new CairnError(
    'MISFIT',
    `the code was planned with ${other.name}@${other.version}, and ${differently(other, found)}`,
    { next: `npm install ${other.name}@${other.version}, or plan the run anew with what is installed` },
  )
}

function differently(wanted: Package, found: readonly Package[]): string {
  if (found.length === 0) return 'it is not installed here'
  if (found.some(({ version }) => version === wanted.version))
    return 'here its files, or those of a package that it depends on, are not the same'
  return `here is ${found.map(({ version }) => `${wanted.name}@${version}`).join(', ')}`
}

/** Those that its imports lead to here. */
function packagesHere({ imports }: Manifest, root: string, cache: Cache): Package[] {
  const resolver = new Resolver()
  const packages = new Packages(root, resolver, cache)
  return Object.entries(imports).flatMap(([specifier, folder]) => {
    const resolved = resolver.resolve(specifier, join(root, folder, 'closure.mjs'))
    return resolved.type === 'package' ? [packages.at(resolved.folder)] : []
  })
}
