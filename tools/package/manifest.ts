import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../setup/bundle.ts'
import { moduleName, packageOf, PUBLISHED, type Published } from './packages.ts'

/** The first Node that has all that Cairn needs: process.threadCpuUsage was the last. The commands say so to older ones. */
const OLDEST_NODE = '>=22.19'

interface Built {
  /** Imports that the modules of the package left in. */
  readonly used: Iterable<string>
  /** The sources of what it exports, by the name of the module. */
  readonly entries: Readonly<Record<string, string>>
}

/** The `package.json` of a published package. */
export function manifestOf(published: Published, { used, entries }: Built): Readonly<Record<string, unknown>> {
  const { name, description, exports = {}, bin, dependencies = [], peers = [], optionalPeers = [] } = published
  const { version, license } = readManifest('.')
  const installed = [...new Set([...[...used].map(packageOf), ...dependencies])].filter(
    (other) => other !== name && !peers.includes(other) && !optionalPeers.includes(other),
  )
  const peerVersions = [...peers, ...optionalPeers].map((other) => [other, rangeOf(other)])
  return {
    name,
    version,
    description,
    license,
    type: 'module',
    exports: {
      ...Object.fromEntries(
        Object.entries(exports).map(([subpath]) => [subpath, exportOf(moduleName(subpath), entries)]),
      ),
      './package.json': './package.json',
    },
    ...(bin && { bin }),
    files: ['bin', 'dist', 'template', 'THIRD-PARTY-NOTICES.txt', 'CHANGELOG.md'],
    engines: { node: OLDEST_NODE },
    ...(installed.length > 0 && {
      dependencies: Object.fromEntries(installed.toSorted().map((other) => [other, versionOf(other)])),
    }),
    ...(peerVersions.length > 0 && { peerDependencies: Object.fromEntries(peerVersions) }),
    ...(optionalPeers.length > 0 && {
      peerDependenciesMeta: Object.fromEntries(optionalPeers.map((other) => [other, { optional: true }])),
    }),
    publishConfig: { access: 'public', provenance: true },
  }
}

function exportOf(module: string, entries: Built['entries']): unknown {
  const file = `./dist/${module}.js`
  return entries[module]!.endsWith('.ts') ? { types: `./dist/${module}.d.ts`, default: file } : file
}

/** The version that this repository is tested with. Packages of Cairn need each other's exact version. */
function versionOf(name: string): string {
  return PUBLISHED.some((other) => other.name === name) ? String(readManifest('.')['version']) : installedVersion(name)
}

/** Versions that a user may have of a package that both import. */
function rangeOf(name: string): string {
  return `^${installedVersion(name)}`
}

function installedVersion(name: string): string {
  return String(readManifest(join('node_modules', name))['version'])
}

function readManifest(folder: string): Readonly<Record<string, unknown>> {
  return JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8')) as Record<string, unknown>
}
