import type { Closure, Declaration, Manifest, PackageUse, ReachUse } from '@cairn/records'
import { dirname, relative, sep } from 'node:path'
import { digest, digestBytes } from './digest.ts'
import type { Links, Part, Target } from './link.ts'
import { withinTheStack } from './nesting.ts'
import type { Module, Modules } from './modules.ts'
import type { Packages } from './packages/packages.ts'
import { builtinReach } from './analyse/reach-rules.ts'
import type { ReachFound } from './analyse/reach.ts'
import { changedState } from './state/state.ts'
import type { Cache } from './cache.ts'
import { positionsIn, walk, type Root, type Walk } from './walk.ts'
import type { Writers } from './writers.ts'

/** Increment this when the same closure gets a different fingerprint. */
const SCHEME = 1
/** Increment this when the same closure is emitted as different code. */
const EMITTER = 1
const NODE_MAJOR = Number.parseInt(process.versions.node)

/** The analysed modules that closures are cut from. */
export interface Sources {
  readonly modules: Modules
  readonly entry: Module
  readonly links: Links
  readonly writers: Writers
  readonly packages: Packages
  /** Real path of the project's folder. */
  readonly root: string
}

/**
 * Cuts out the code that `root` reaches. The manifest and the emitted code are only made on demand.
 *
 * @throws CairnError BAD_DEFINITION with file and line if it reaches code that cannot be cut out
 */
export async function cutClosure(root: Root, sources: Sources, cache: Cache): Promise<Closure> {
  const walked = walk(root, sources.links, sources.writers)
  const fingerprint = fingerprintOf(walked, sources)
  const state = await changedState(walked, fingerprint, sources.links, cache)
  let manifest: Manifest | undefined
  return {
    fingerprint,
    get manifest() {
      return (manifest ??= manifestOf(walked, fingerprint, state, sources))
    },
    get emitted() {
      return cache.get<string>(emittedFrom(walked, fingerprint))
    },
    emit: async () => {
      const { emit } = await import('./emit/emit.ts')
      const path = walked.parts[0]?.module.path ?? sources.entry.path
      const code = await withinTheStack(path, () => emit(walked, sources.links))
      cache.set(emittedFrom(walked, fingerprint), digestBytes(code))
      cache.saveSoon()
      return code
    },
  }
}

/** The cache key of the emitted code, which contains source positions. */
function emittedFrom(walked: Walk, fingerprint: string): string {
  return `emitted:${digest('emitted', [EMITTER, fingerprint, ...positionsIn(walked)])}`
}

function fingerprintOf(walked: Walk, sources: Sources): string {
  const { root, parts, numbers, order } = walked
  const { packages } = sources
  const hashed: (string | number)[] = [SCHEME, NODE_MAJOR, root.of, root.role]
  hashed.push(token(root.target, numbers, packages), parts.length)
  const namesCount = parts.some(({ code }) => code.looksAtNames)
  for (const part of parts) {
    const links = sources.links.of(part)
    hashed.push(part.code.hash, links.length)
    if (namesCount && part.type === 'unit') hashed.push(JSON.stringify(part.module.analysis.units[part.index]!.names))
    for (const { target } of links) hashed.push(token(target, numbers, packages))
  }
  for (const groups of order) hashed.push(JSON.stringify(groups))
  return digest('closure', hashed)
}

/** Identifies the target of a reference without the names that the project declares, so renaming changes nothing. */
function token(target: Target, numbers: Walk['numbers'], packages: Packages): string {
  if ('part' in target) return `${numbers.get(target.part)}.${target.binding}`
  if (!('external' in target)) return 'absent'
  const { resolved, name } = target.external
  if (resolved.type === 'builtin') return JSON.stringify(['builtin', resolved.name, name])
  if (resolved.type === 'cairn') return JSON.stringify(['cairn', resolved.specifier, name])
  const { name: of, version, integrity } = packages.at(resolved.folder)
  return JSON.stringify(['package', of, version, integrity, resolved.subpath, name])
}

function manifestOf(
  walked: Walk,
  fingerprint: string,
  state: readonly ReachUse[],
  { links, packages, root }: Sources,
): Manifest {
  const { parts, via, numbers, externals, order } = walked
  const declarations = parts.map((part, index): Declaration => ({
    name: part.name,
    file: part.module.path,
    line: part.line,
    hash: part.code.hash,
    refs: links.of(part).map(({ target }) => readable(target, numbers)),
    via: via[index]!,
  }))
  const used = new Map<string, PackageUse>()
  const imports: Record<string, string> = {}
  for (const { external, via } of externals) {
    const { resolved, specifier, from } = external
    if (resolved.type === 'builtin') continue
    imports[specifier] ??= relative(root, dirname(from.file)).split(sep).join('/') || '.'
    if (resolved.type === 'package' && !used.has(resolved.folder))
      used.set(resolved.folder, { ...packages.at(resolved.folder), via })
  }
  const reaches = parts.flatMap((part, index) =>
    reachesOf(part, links).map((reach): ReachUse => ({ ...reach, via: index })),
  )
  reaches.push(...state)
  return {
    v: 1,
    fingerprint,
    node: NODE_MAJOR,
    declarations,
    packages: [...used.values()],
    reaches,
    imports,
    ...(order.length > 0 && { order }),
  }
}

function readable(target: Target, numbers: Walk['numbers']): string {
  if ('part' in target) return `${numbers.get(target.part)}.${target.binding}`
  return 'external' in target ? `${target.external.specifier}#${target.external.name}` : 'absent'
}

/** What the part's own code reaches, and which Node built-ins it uses through other modules of the project. */
function reachesOf(part: Part, links: Links): ReachFound[] {
  const found = [...(part.code.reaches ?? [])]
  for (const { target, through } of links.of(part)) {
    if (!('external' in target) || through.length === 0 || target.external.resolved.type !== 'builtin') continue
    const { name } = target.external
    const what = builtinReach(target.external.resolved.name, name === '*' || name === 'default' ? [] : [name])
    if (what) found.push({ what, detail: name, line: part.line })
  }
  return found
}
